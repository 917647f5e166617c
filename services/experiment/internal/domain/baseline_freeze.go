package domain

import (
	"fmt"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// MaxBaseline is how many readings a baseline rests on at most. Far fewer say as much.
const MaxBaseline = 10_000

// FrozenBaseline is a baseline of a metric with the decision behind it. It never changes.
type FrozenBaseline struct {
	Name string `json:"name"`
	Baseline
	// Window is what was asked for; the limits hold what was found in it.
	Window BaselineWindow `json:"window,omitzero"`
	// Decider is who froze it, a user or a bot of the team.
	Decider    string    `json:"decider"`
	DecideTime time.Time `json:"decideTime"`
}

// BaselineWindow says which readings a baseline rests on. The zero window is all of them.
type BaselineWindow struct {
	// First and Last are the times of the first and the last reading, both in the window; open when zero.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Points is how many of the first of these count; 0 for all.
	Points int `json:"points,omitempty"`
}

// Window is the stretch of time.
func (w BaselineWindow) Window() Window {
	open := Window{From: w.First}
	if !w.Last.IsZero() {
		open.To = w.Last.Add(time.Microsecond)
	}
	return open
}

// Wanted is how many readings have to be looked at: one more than a baseline can have shows that there are too many.
func (w BaselineWindow) Wanted() int {
	if w.Points > 0 {
		return min(w.Points, MaxBaseline+1)
	}
	return MaxBaseline + 1
}

// BaselineProposal is a baseline as it is asked for.
type BaselineProposal struct {
	Name   string
	Window BaselineWindow
	// From is when it comes into force; the first reading of the window when zero.
	From    time.Time
	Reason  string
	Decider string
}

// Freeze makes a baseline of the first readings in the window, which are given in time order; those dated after now are left out. It comes into force after all those before. Reasons:
// BASELINE_INVALID, BASELINE_TOO_LONG, BASELINE_IN_FUTURE, BASELINE_NOT_LATER.
func (p BaselineProposal) Freeze(m *Metric, before []Baseline, readings []Measurement, now time.Time) (*FrozenBaseline, error) {
	if len(readings) > MaxBaseline {
		return nil, fault.Invalid("baseline.window", "BASELINE_TOO_LONG", "%s",
			fmt.Sprintf("A baseline rests on %d readings at most; 15 to 20 are usual. Choose a shorter window.", MaxBaseline))
	}
	if n := slices.IndexFunc(readings, func(m Measurement) bool { return m.Time.After(TakenUntil(now)) }); n > 0 {
		readings = readings[:n] // nobody can have taken the others yet
	}
	b, err := FreezeBaseline(readings, p.Window.Window(), m.Method(), p.From, p.Reason)
	if err != nil {
		return nil, err
	}
	if b.From.After(now) { // it could never be taken back, and no other could come into force before it
		return nil, fault.Invalid("baseline.start_time", "BASELINE_IN_FUTURE", "The baseline would come into force on %s, which is still to come. "+
			"Choose a start_time up to now; the default is the first reading of the window.", b.From.Format(time.RFC3339Nano))
	}
	if _, err := AddBaseline(before, b); err != nil {
		return nil, err
	}
	return &FrozenBaseline{Name: p.Name, Baseline: b, Window: p.Window, Decider: p.Decider, DecideTime: stored(now)}, nil
}
