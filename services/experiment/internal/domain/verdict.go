package domain

import (
	"cmp"
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

// Expectation is a prediction in numbers, in the metric's unit: from Baseline to Low..High. Low and High are equal when one
// value was predicted.
type Expectation struct {
	Baseline  float64
	Low, High float64
}

// expectation of a prediction that is complete.
func (p Prediction) expectation() Expectation {
	e := Expectation{Baseline: *p.BaselineValue, Low: *p.ExpectedValue, High: *p.ExpectedValue}
	if p.ExpectedUpperValue != nil {
		e.High = *p.ExpectedUpperValue
	}
	return e
}

// direction is the way that the metric is expected to go: 1 up, -1 down, 0 when the range holds the baseline value.
func (e Expectation) direction() int {
	switch {
	case e.Low > e.Baseline:
		return 1
	case e.High < e.Baseline:
		return -1
	}
	return 0
}

// change is how far the metric has to move from a value to what is expected, to the nearer end of a range.
func (e Expectation) change(from float64) float64 {
	return max(0, e.Low-from, from-e.High)
}

// met tells whether the actual value is what was expected: inside the range, or with one value at it or beyond it, seen
// from the baseline value. It allows for the rounding of a mean: 0.1, 0.2 and 0.3 average to a little more than 0.2.
func (e Expectation) met(actual float64) bool {
	slack := 1e-9 * max(math.Abs(e.Low), math.Abs(e.High), e.change(e.Baseline))
	above, below := actual >= e.Low-slack, actual <= e.High+slack
	if e.Low == e.High {
		return above && e.direction() > 0 || below && e.direction() <= 0
	}
	return above && below
}

// Judgement is what the numbers say about a prediction, with everything that is needed to compute it again.
type Judgement struct {
	// Actual is the mean of the readings that count for the experiment, Readings how many these are.
	Actual   float64 `json:"actual"`
	Readings int     `json:"readings"`
	// FirstReading and LastReading are when the first and the last of them were taken; zero in what was stored before.
	FirstReading time.Time `json:"firstReading,omitzero"`
	LastReading  time.Time `json:"lastReading,omitzero"`
	// Signal tells whether these readings show a signal against Limits.
	Signal bool `json:"signal"`
	// Limits rest on the readings before the start, with window, constants and rule set; nil when these are fewer than 4.
	Limits *Limits `json:"limits,omitempty"`
	// Visibility tells whether the predicted change could have shown; nil without limits, and when no change was predicted.
	Visibility *Visibility `json:"visibility,omitempty"`
	// Suggested is what the numbers suggest.
	Suggested Verdict `json:"suggested"`
}

// Visibility tells how often the predicted change, had it come, would have shown a signal in as many readings.
type Visibility struct {
	// Shift is the predicted change in sigma of the baseline; 0 when the baseline does not vary, and any change shows.
	Shift float64 `json:"shift"`
	// Power is the share of simulated histories with a signal, of Runs in all. See Assess.
	Power float64 `json:"power"`
	Runs  int     `json:"runs,omitempty"`
	// Level is the power from which on the change counts as visible.
	Level float64 `json:"level"`
}

// Judging says how a prediction is judged. The zero value is the usual way.
type Judging struct {
	// Limits are the frozen baseline that was in force at the start; nil computes them from the readings before it.
	Limits *Limits
	// Method is for the limits that are computed. Moving ranges are left out of its rules and of those of Limits.
	Method Method
}

// JudgeWith compares a prediction in numbers with the readings before and after the start, by limits or a method that the caller
// chose; after must not be empty. The rule:
//
//  1. The actual value is the mean of the readings after the start.
//  2. With at least 4 readings before the start, the limits of the newest of them, MaxBaseline at most, are the baseline, and the readings after it are judged by
//     R1, R2 and R3 (not by moving ranges, which tell nothing about direction; runs count inside the new readings only).
//  3. A signal lets the number decide: AS_PREDICTED when the actual value lies at the expected value or beyond it, seen from
//     the baseline value, or inside the expected range; otherwise NOT_AS_PREDICTED, and a move the other way is that too.
//  4. No signal means CANNOT_TELL, wherever the mean lies: a prediction expects a change, and noise alone can do this.
//     But a change that would have been visible and did not show is an answer: NOT_AS_PREDICTED when the actual value is not
//     what was expected, and the predicted change would have shown a signal in 80 of 100 such plans at least (see Assess).
//     The change is counted from the baseline value or from the centre line, whichever is nearer to what is expected.
//  5. A range that holds the baseline value expects no change: no signal and a mean inside is AS_PREDICTED.
//  6. With fewer readings before the start no limits can be had, and the number alone decides.
func JudgeWith(e Expectation, before, after []Measurement, how Judging) Judgement {
	after = inOrder(after)
	j := Judgement{
		Actual: mean(after), Readings: len(after),
		FirstReading: after[0].Time, LastReading: after[len(after)-1].Time, Limits: how.limits(before),
	}
	met := e.met(j.Actual)
	if j.Limits != nil {
		j.Signal = len(detect(chartPoints(after), *j.Limits)) > 0
		j.Visibility = visibility(e, *j.Limits, len(after))
	}
	switch {
	case j.Limits != nil && !j.Signal:
		j.Suggested = silent(e, met, j.Visibility)
	case met:
		j.Suggested = AsPredicted
	default:
		j.Suggested = NotAsPredicted
	}
	return j
}

// silent is the verdict on readings without a signal.
func silent(e Expectation, met bool, v *Visibility) Verdict {
	switch {
	case met && e.direction() == 0 && e.Low < e.High:
		return AsPredicted
	case !met && v != nil && v.Power >= v.Level:
		return NotAsPredicted
	}
	return CannotTell
}

// limits are the caller's or those of the readings before the start, with the rules that tell a shift.
func (how Judging) limits(before []Measurement) *Limits {
	method := how.Method
	method.Rules = method.Rules.of(ShiftRules())
	if how.Limits == nil {
		return LimitsOf(baseline(before), method)
	}
	limits := *how.Limits
	limits.Rules = limits.Rules.of(ShiftRules())
	return &limits
}

// visibility tells how often the predicted change would have shown; nil when none was predicted.
func visibility(e Expectation, l Limits, readings int) *Visibility {
	change := min(e.change(e.Baseline), e.change(l.Centre))
	if change == 0 {
		return nil
	}
	if l.Sigma() == 0 {
		return &Visibility{Power: 1, Level: UsualPower}
	}
	s, shift := settingOf(l.Count, readings, l.Rules, true), l.inSigma(change)
	return &Visibility{Shift: Significant(shift, 3), Power: Significant(simulate(s).power(shift), 3), Runs: s.runs(), Level: UsualPower}
}

// baseline are the newest readings before a start, as many as a baseline has at most.
func baseline(before []Measurement) []Measurement {
	before = inOrder(before)
	return before[max(0, len(before)-MaxBaseline):]
}

// way is the direction from one value to another: 1, -1 or 0.
func way(from, to float64) int { return cmp.Compare(to, from) }
