package domain

import (
	"math"
	"time"
)

// HoldResult is what a re-measurement says about an adopted gain.
type HoldResult string

// The results of a hold check.
const (
	Held           HoldResult = "HELD"
	Slipped        HoldResult = "SLIPPED"
	HoldCannotTell HoldResult = "CANNOT_TELL"
)

// HoldReason says why a hold check came out as it did.
type HoldReason string

// The reasons of hold checks.
const (
	// HoldNoReadings means that nothing was measured since the decision or the last check.
	HoldNoReadings HoldReason = "NO_READINGS"
	// HoldNoLimits means that the experiment had too few readings before its start for limits.
	HoldNoLimits HoldReason = "NO_LIMITS"
	// HoldNoGain means that the metric had not moved the predicted way when the change was adopted: there is nothing to hold.
	HoldNoGain HoldReason = "NO_GAIN"
	// HoldGainShows means that the readings are clear of the old level.
	HoldGainShows HoldReason = "GAIN_SHOWS"
	// HoldGainLost means that the readings are clear of the adopted level, on the way back.
	HoldGainLost HoldReason = "GAIN_LOST"
	// HoldNoise means that chance alone can explain the readings from either level.
	HoldNoise HoldReason = "NOISE"
)

// Adopted is the gain that a hold check is about, as it stood when the change was adopted.
type Adopted struct {
	// Limits are the frozen limits that the experiment was judged by; nil when it had none.
	Limits *Limits
	// Level is the actual value of the experiment.
	Level float64
	// Expected gives the direction that was predicted.
	Expected Expectation
}

// HoldJudgement is what the readings say about an adopted gain, with everything that is needed to compute it again.
type HoldJudgement struct {
	Result HoldResult `json:"result"`
	Reason HoldReason `json:"reason"`
	// Readings is how many were judged, from FirstReading to LastReading.
	Readings     int       `json:"readings"`
	FirstReading time.Time `json:"firstReading,omitzero"`
	LastReading  time.Time `json:"lastReading,omitzero"`
	// Mean is that of the readings, in the metric's unit.
	Mean float64 `json:"mean"`
	// Kept is which share of the gain the mean has kept: 1 at the adopted level, 0 at the old one, below 0 beyond that. nil
	// when there was no gain.
	Kept *float64 `json:"kept,omitempty"`
	// Old are the frozen limits, Level the adopted level. The limits about it have the same width.
	Old   *Limits `json:"old,omitempty"`
	Level float64 `json:"level"`
}

// JudgeHold judges a re-measurement. readings are those since the decision or since the last check. The rule rests on two
// charts of the same width, that of the frozen baseline: one about the old centre line, one about the adopted level. The
// variation from reading to reading is taken to be what it was.
//
//  1. The gain is the way from the old centre line to the adopted level. It has to lie in the predicted direction.
//  2. HELD: the mean of the readings kept at least half of the gain, and they show a signal (R1, R2 or R3) against the old
//     chart, on the side of the gain. They are still another process than the old one.
//  3. SLIPPED: the mean lost more than half of the gain, and the readings show a signal against the chart about the adopted
//     level, on the side of the old one. They are no longer the process that was adopted.
//  4. CANNOT_TELL otherwise: with so few readings or so small a gain, chance can explain either.
func JudgeHold(a Adopted, readings []Measurement) HoldJudgement {
	j := HoldJudgement{Result: HoldCannotTell, Readings: len(readings), Old: a.Limits, Level: a.Level}
	if len(readings) == 0 {
		j.Reason = HoldNoReadings
		return j
	}
	readings = inOrder(readings)
	j.Mean, j.FirstReading, j.LastReading = mean(readings), readings[0].Time, readings[len(readings)-1].Time
	if a.Limits == nil {
		j.Reason = HoldNoLimits
		return j
	}
	side := way(a.Limits.Centre, a.Level)
	if side == 0 || side != a.Expected.heading() {
		j.Reason = HoldNoGain
		return j
	}
	kept := (j.Mean - a.Limits.Centre) / (a.Level - a.Limits.Centre)
	if math.IsInf(kept, 0) || math.IsNaN(kept) { // a gain below what numbers can tell apart
		j.Reason = HoldNoGain
		return j
	}
	j.Kept = &kept
	points := chartPoints(readings)
	switch {
	case kept >= 0.5 && signalOn(side, points, *a.Limits):
		j.Result, j.Reason = Held, HoldGainShows
	case kept < 0.5 && signalOn(-side, points, a.Limits.about(a.Level)):
		j.Result, j.Reason = Slipped, HoldGainLost
	default:
		j.Reason = HoldNoise
	}
	return j
}

// heading is the way that the metric was expected to go. A range that holds the baseline value has its middle as its aim.
func (e Expectation) heading() int {
	if d := e.direction(); d != 0 {
		return d
	}
	return way(e.Baseline, e.Low/2+e.High/2)
}

// signalOn tells whether the points show a signal on one side of the centre line: the side of all points that made it.
func signalOn(side int, points []ChartPoint, l Limits) bool {
	l.Rules = l.Rules.of(ShiftRules())
	for _, s := range detect(points, l) {
		if way(l.Centre, points[s.Points[0]].Value) == side {
			return true
		}
	}
	return false
}

// Words says why, for people.
func (r HoldReason) Words() string {
	switch r {
	case HoldNoReadings:
		return "Nothing was measured since the decision or the last check."
	case HoldNoLimits:
		return "There were fewer than 4 readings before the start, so there are no limits to judge by."
	case HoldNoGain:
		return "The metric had not moved the predicted way when the change was adopted, so there is no gain to hold."
	case HoldGainShows:
		return "The mean kept at least half of the gain, and the readings show a signal against the limits of the old level."
	case HoldGainLost:
		return "The mean lost more than half of the gain, and the readings show a signal against the limits of the adopted level."
	case HoldNoise:
		return "Chance alone can explain these readings: they show neither that the gain holds nor that it is gone."
	}
	return ""
}
