package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ForecastState is where a locked prediction stands: ForecastOpen, ForecastAbandoned, or its verdict.
type ForecastState string

// The states beside the verdicts.
const (
	ForecastOpen      ForecastState = "OPEN"
	ForecastAbandoned ForecastState = "ABANDONED"
)

// ForecastState returns where the prediction of an experiment stands; "" while it is not locked.
func (e *Experiment) ForecastState() ForecastState {
	switch {
	case !e.Locked():
		return ""
	case e.State == Abandoned:
		return ForecastAbandoned
	case e.Outcome != nil:
		return ForecastState(e.Outcome.Verdict)
	}
	return ForecastOpen
}

// ForecastCount is how many locked predictions of one confidence stand alike.
type ForecastCount struct {
	Percent int
	State   ForecastState
	Count   int
}

// PredictionRecord is the calibration of a team or the organisation with what resolves nothing beside it.
type PredictionRecord struct {
	// Withheld is why nothing is told; empty when it is.
	Withheld string
	// Teams is how many teams have resolved predictions.
	Teams                       int
	Open, CannotTell, Abandoned int
	Calibration                 Calibration
}

// TallyForecasts makes the calibration of predictions that were counted. teams is how many teams the resolved ones are of;
// those of the organisation are withheld below 3.
func TallyForecasts(counts []ForecastCount, teams int, organization bool) PredictionRecord {
	if organization && teams < minTeams {
		return PredictionRecord{Withheld: withheldText}
	}
	r := PredictionRecord{Teams: teams}
	var forecasts []Forecast
	for _, c := range counts {
		f, resolved := ForecastOf(c.Percent, Verdict(c.State))
		switch {
		case resolved:
			for range c.Count {
				forecasts = append(forecasts, f)
			}
		case c.State == ForecastOpen:
			r.Open += c.Count
		case c.State == ForecastAbandoned:
			r.Abandoned += c.Count
		case c.State == ForecastState(CannotTell):
			r.CannotTell += c.Count
		}
	}
	r.Calibration = Calibrate(forecasts)
	return r
}

// Words says what a verdict on calibration means, for people.
func (v CalibrationVerdict) Words() string {
	switch v {
	case TooFew:
		return "Fewer than 20 predictions are resolved: too few for a verdict. Below that, chance has the word."
	case AsOftenAsSaid:
		return "Predictions came true as often as was said, as far as chance lets one tell."
	case LessOftenThanSaid:
		return "Predictions came true less often than was said: more often than chance explains, they were too sure."
	case MoreOftenThanSaid:
		return "Predictions came true more often than was said, by more than chance explains."
	}
	return ""
}

// Span is a period of days in UTC, YYYY-MM-DD, both ends included; "" is open.
type Span struct{ Start, End string }

// Check refuses days that do not exist, and a period that ends before it begins.
func (s Span) Check() error {
	var v []fault.Violation
	for _, day := range []struct{ field, text string }{{"start_date", s.Start}, {"end_date", s.End}} {
		if _, err := time.Parse(dayLayout, day.text); day.text != "" && err != nil {
			v = append(v, fault.Violation{Field: day.field, Reason: "DAY_INVALID", Description: "This day does not exist. Write it as YYYY-MM-DD."})
		}
	}
	if len(v) == 0 && s.Start != "" && s.End != "" && s.End < s.Start {
		v = append(v, fault.Violation{Field: "start_date", Reason: "PERIOD_BACKWARDS", Description: "The period ends before it starts."})
	}
	return invalid("PERIOD_INVALID", "The period cannot be reckoned.", v)
}
