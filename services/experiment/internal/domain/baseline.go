package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Baseline is a frozen baseline: limits that stay what they are, whatever is measured later or corrected in their window.
// Who decided it, and when, is kept by the caller.
type Baseline struct {
	// From is when it comes into force: it judges the readings from there on, until the next baseline.
	From time.Time `json:"from"`
	// Reason is the known cause of the change, or why the first baseline was frozen.
	Reason string `json:"reason"`
	// Limits hold the window that they rest on: first and last reading, and the count.
	Limits Limits `json:"limits"`
}

// Window is a stretch of time [From, To). A zero end is open.
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Holds tells whether the instant lies in the window.
func (w Window) Holds(t time.Time) bool {
	return (w.From.IsZero() || !t.Before(w.From)) && (w.To.IsZero() || t.Before(w.To))
}

// in returns the points inside the window, in time order.
func (w Window) in(points []Measurement) []Measurement {
	points = inOrder(points)
	after := func(p Measurement, t time.Time) int { return p.Time.Compare(t) }
	if !w.From.IsZero() {
		i, _ := slices.BinarySearchFunc(points, w.From, after)
		points = points[i:]
	}
	if !w.To.IsZero() {
		i, _ := slices.BinarySearchFunc(points, w.To, after)
		points = points[:i]
	}
	return points
}

// FreezeBaseline computes the limits of the readings in the window and freezes them. They come into force at from; a zero
// from is the first reading of the window. All that is wrong is told at once (BASELINE_INVALID).
func FreezeBaseline(points []Measurement, w Window, m Method, from time.Time, reason string) (Baseline, error) {
	var v []fault.Violation
	reason = strings.TrimSpace(reason)
	if reason == "" {
		v = append(v, fault.Violation{Field: "baseline.decision.reason", Reason: "BASELINE_REASON_MISSING", Description: "Say why these readings are the baseline. What is known to have changed?"})
	}
	limits := LimitsOf(w.in(points), m)
	if limits == nil {
		v = append(v, fault.Violation{Field: "baseline.window", Reason: "BASELINE_TOO_SHORT", Description: "A baseline needs at least 4 readings, better 15 to 20. Choose a longer window, or measure first."})
	}
	if err := invalid("BASELINE_INVALID", "This cannot be a baseline.", v); err != nil {
		return Baseline{}, err
	}
	if from.IsZero() {
		from = limits.FirstTime
	}
	return Baseline{From: stored(from), Reason: reason, Limits: *limits}, nil
}

// AddBaseline adds a recomputation to the baselines of a metric. What is there never changes: the new one has to come into
// force after the last (InvalidArgument BASELINE_NOT_LATER).
func AddBaseline(list []Baseline, b Baseline) ([]Baseline, error) {
	if n := len(list); n > 0 && !b.From.After(list[n-1].From) {
		return nil, fault.Invalid("baseline.start_time", "BASELINE_NOT_LATER", "The last baseline is in force from "+list[n-1].From.Format(time.RFC3339Nano)+
			" on. A new one begins later: what was judged stays judged.")
	}
	return append(slices.Clone(list), b), nil
}

// InForce returns the baseline that judges a reading of the instant; nil before the first.
func InForce(list []Baseline, t time.Time) *Baseline {
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].From.After(t) {
			return &list[i]
		}
	}
	return nil
}
