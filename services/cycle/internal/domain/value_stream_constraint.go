package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ConfirmedConstraint is the step that a person took for the constraint. Figures only suggest one: whether work piles up
// there for good can be seen on the spot alone.
type ConfirmedConstraint struct {
	Step string `json:"step"`
	// Reason says why it is this step when the longest queue does not suggest it.
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by"`
	Time   time.Time `json:"time"`
	// Version is the version of the steps that was looked at.
	Version int `json:"version"`
}

// ConfirmConstraint makes a step the constraint. by is the person who says so.
func (v *ValueStream) ConfirmConstraint(step, reason, by string, now time.Time) ([]Event, error) {
	named, found := v.Step(step)
	if !found {
		return nil, v.unknownStep("step", step)
	}
	suggested := Assess(v.Steps).LongestQueue
	if reason = strings.TrimSpace(reason); reason == "" && !slices.Contains(suggested, named.Name) {
		if len(suggested) == 0 {
			return nil, fault.Invalid("reason", "CONSTRAINT_REASON_MISSING", "the waits do not suggest a constraint; say in reason why it is %q", named.Name)
		}
		return nil, fault.Invalid("reason", "CONSTRAINT_REASON_MISSING",
			"the longest queue is before %s; say in reason why the constraint is %q", strings.Join(suggested, " and "), named.Name)
	}
	v.Constraint = &ConfirmedConstraint{Step: named.Name, Reason: reason, By: by, Time: now, Version: v.Version}
	return []Event{ConstraintConfirmed}, nil
}

// IsConstraint tells whether a step is the confirmed constraint.
func (v *ValueStream) IsConstraint(step string) bool {
	return v.Constraint != nil && strings.EqualFold(v.Constraint.Step, step)
}

// Focus is the focus of a cycle on a step of the value stream. The confirmed constraint decides whether the step is the
// constraint, whatever the caller believes. field is the request's field of the step.
func (v *ValueStream) Focus(field string, wanted ValueStreamFocus) (*ValueStreamFocus, error) {
	step, found := v.Step(wanted.Step)
	if !found {
		return nil, v.unknownStep(field, wanted.Step)
	}
	wanted.Step, wanted.Constraint = step.Name, v.IsConstraint(step.Name)
	return &wanted, nil
}

// Refocus follows a change of the value stream in what the cycle plans: whether its step is the constraint, and how the step
// is written. It does nothing once the PLAN phase is over: then the cycle keeps what was true at its gate.
func (c *Cycle) Refocus(v *ValueStream) []Event {
	focus := c.ValueStreamFocus
	if c.State != CycleActive || c.Phase != Plan || focus == nil || focus.ValueStream != v.Name {
		return nil
	}
	now := *focus
	now.Constraint = v.IsConstraint(focus.Step)
	if step, found := v.Step(focus.Step); found {
		now.Step = step.Name
	}
	if now == *focus {
		return nil
	}
	c.ValueStreamFocus = &now
	return []Event{CycleUpdated}
}
