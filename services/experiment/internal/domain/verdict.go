package domain

import (
	"math"
	"time"
)

// Verdict is how an experiment came out against its prediction.
type Verdict string

// The verdicts.
const (
	AsPredicted    Verdict = "AS_PREDICTED"
	NotAsPredicted Verdict = "NOT_AS_PREDICTED"
	CannotTell     Verdict = "CANNOT_TELL"
)

// Judgement is what the numbers say about a prediction.
type Judgement struct {
	// Actual is the mean of the readings that count for the experiment, Readings how many these are.
	Actual   float64 `json:"actual"`
	Readings int     `json:"readings"`
	// Signal tells whether these readings show a signal against Limits.
	Signal bool `json:"signal"`
	// Limits rest on the readings before the start; nil when these are fewer than 4.
	Limits *Limits `json:"limits,omitempty"`
	// Suggested is what the numbers suggest.
	Suggested Verdict `json:"suggested"`
}

// Judge compares a prediction with the readings before and after the start; after must not be empty. The rule:
//
//  1. The actual value is the mean of the readings after the start.
//  2. With at least 4 readings before the start, their limits are the baseline, and the readings after it are judged by
//     R1, R2 and R3 (not by moving ranges, which tell nothing about direction; runs count inside the new readings only).
//     No signal means CANNOT_TELL, wherever the mean lies: a prediction expects a change, and noise alone can do this.
//  3. With fewer readings before the start no limits can be had, and the number alone decides.
//  4. Then AS_PREDICTED when the actual value lies at the expected value or beyond it, seen from the baseline value;
//     otherwise NOT_AS_PREDICTED, and a move the other way is that too.
func Judge(p Prediction, before, after []Measurement) Judgement {
	before, after = inOrder(before), inOrder(after)
	j := Judgement{Actual: mean(after), Readings: len(after), Limits: limitsOf(before, LimitFactor, RangeFactor)}
	if j.Limits != nil {
		points := chartPoints(after)
		j.Signal = len(outside(points, *j.Limits))+len(runs(points, *j.Limits))+len(near(points, *j.Limits)) > 0
	}
	switch {
	case j.Limits != nil && !j.Signal:
		j.Suggested = CannotTell
	case reached(p, j.Actual):
		j.Suggested = AsPredicted
	default:
		j.Suggested = NotAsPredicted
	}
	return j
}

// reached allows for the rounding of a mean: 0.1, 0.2 and 0.3 average to a little more than 0.2.
func reached(p Prediction, actual float64) bool {
	from, to := *p.BaselineValue, *p.ExpectedValue
	slack := 1e-9 * math.Max(math.Abs(to), math.Abs(to-from))
	if to > from {
		return actual >= to-slack
	}
	return actual <= to+slack
}

// divide splits the readings of a metric at the start of an experiment. After it count the readings that were taken at or
// after the start. When there are none, those count that arrived after the start, whenever they were taken: a team that
// enters its numbers late, by an earlier day, is heard too. All others that were taken before the start are the baseline.
func divide(readings []Reading, start time.Time, startOrdinal int64) (before, after []Measurement) {
	var late []Measurement
	for _, r := range readings {
		switch {
		case !r.Time.Before(start):
			after = append(after, r.Measurement)
		case r.Ordinal > startOrdinal:
			late = append(late, r.Measurement)
		default:
			before = append(before, r.Measurement)
		}
	}
	if len(after) == 0 {
		return before, late
	}
	return append(before, late...), after
}
