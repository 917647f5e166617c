package domain

import (
	"math"
	"slices"
)

// minCalibrated is from how many resolved predictions on calibration gets a verdict. Below, chance has the word.
const minCalibrated = 20

// Forecast is a prediction that was resolved: what confidence it was locked with, and whether it came true.
type Forecast struct {
	// Percent is a step of the ladder, 5, 10, … 95.
	Percent int
	Came    bool
}

// ForecastOf returns the forecast of a concluded experiment. CANNOT_TELL resolves nothing: whether the prediction was true is
// not known, and to count it either way would make the score a matter of how noisy the metric is. Neither does a
// prediction without confidence. Such predictions are counted beside the score.
func ForecastOf(confidencePercent int, v Verdict) (f Forecast, resolved bool) {
	if confidencePercent == 0 || v != AsPredicted && v != NotAsPredicted {
		return Forecast{}, false
	}
	return Forecast{Percent: confidencePercent, Came: v == AsPredicted}, true
}

// CalibrationVerdict says whether predictions came true as often as was said.
type CalibrationVerdict string

// The verdicts on calibration.
const (
	// TooFew is no verdict: fewer than 20 predictions are resolved.
	TooFew CalibrationVerdict = "TOO_FEW"
	// AsOftenAsSaid means that the difference can well be chance.
	AsOftenAsSaid CalibrationVerdict = "AS_OFTEN_AS_SAID"
	// LessOftenThanSaid means that the predictions were too sure.
	LessOftenThanSaid CalibrationVerdict = "LESS_OFTEN_THAN_SAID"
	// MoreOftenThanSaid means that more came true than anybody dared to say.
	MoreOftenThanSaid CalibrationVerdict = "MORE_OFTEN_THAN_SAID"
)

// Calibration tells how well confidence and outcome agree. It is for a team or an organisation and never for a person.
// Brier score, reliability, resolution and uncertainty are between 0 and 1, with Brier = Reliability - Resolution +
// Uncertainty, and mean nothing when Count is 0.
type Calibration struct {
	// Count is how many predictions are resolved.
	Count int
	// Brier is the mean of (p - o)² with p in 0..1 and o 0 or 1: 0 is best, always saying 50 % gives 0.25. Brier's own form of
	// 1950 sums over both outcomes and is double this one.
	Brier float64
	// Reliability is the mean squared distance between what was said and how often that came true: 0 is best.
	Reliability float64
	// Resolution is how far the steps of the ladder lie from the base rate: higher is better.
	Resolution float64
	// Uncertainty is that of the outcomes themselves: BaseRate x (1 - BaseRate).
	Uncertainty float64
	// BaseRate is the share that came true.
	BaseRate float64
	// Steps are the steps of the ladder that were used, lowest first.
	Steps []CalibrationStep
	// Verdict is TooFew below 20 resolved predictions.
	Verdict CalibrationVerdict
}

// CalibrationStep is what became of the predictions of one confidence.
type CalibrationStep struct {
	Percent int
	// Count is how many there are, Came how many of them came true, Share is Came / Count.
	Count int
	Came  int
	Share float64
}

// Calibrate computes the Brier score and its decomposition after Murphy, grouped by the step of the ladder. All forecasts of
// a group are equal, so the identity is exact. Sources: Glossary of Meteorology of the American Meteorological Society,
// "Brier score"; Murphy, A New Vector Partition of the Probability Score, 1973.
func Calibrate(forecasts []Forecast) Calibration {
	c := Calibration{Count: len(forecasts), Steps: steps(forecasts), Verdict: TooFew}
	if c.Count == 0 {
		return c
	}
	n, came := float64(c.Count), 0
	for _, s := range c.Steps {
		came += s.Came
	}
	c.BaseRate = float64(came) / n
	c.Uncertainty = c.BaseRate * (1 - c.BaseRate)
	var said, variance float64
	for _, s := range c.Steps {
		p, count, held := float64(s.Percent)/100, float64(s.Count), float64(s.Came)
		c.Brier += (held*(1-p)*(1-p) + (count-held)*p*p) / n
		c.Reliability += count * (p - s.Share) * (p - s.Share) / n
		c.Resolution += count * (s.Share - c.BaseRate) * (s.Share - c.BaseRate) / n
		said += count * p
		variance += count * p * (1 - p)
	}
	if c.Count >= minCalibrated {
		c.Verdict = calibrationVerdict(float64(came)-said, variance)
	}
	return c
}

// calibrationVerdict asks whether as many came true as the confidences add up to. If they are right, the number that comes
// true has the variance sum of p (1 - p), and misses the sum by more than 1.96 standard deviations in 1 of 20 cases.
func calibrationVerdict(surplus, variance float64) CalibrationVerdict {
	switch bound := 1.96 * math.Sqrt(variance); {
	case surplus < -bound:
		return LessOftenThanSaid
	case surplus > bound:
		return MoreOftenThanSaid
	}
	return AsOftenAsSaid
}

func steps(forecasts []Forecast) []CalibrationStep {
	var list []CalibrationStep
	for _, f := range forecasts {
		i, found := slices.BinarySearchFunc(list, f.Percent, func(s CalibrationStep, percent int) int { return s.Percent - percent })
		if !found {
			list = slices.Insert(list, i, CalibrationStep{Percent: f.Percent})
		}
		list[i].Count++
		if f.Came {
			list[i].Came++
		}
		list[i].Share = float64(list[i].Came) / float64(list[i].Count)
	}
	return list
}
