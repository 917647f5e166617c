// Package domain holds the rules of the two-week turn: directions, target conditions, obstacles, phases and gates.
package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Phase is a phase of a cycle.
type Phase string

// The phases in their order.
const (
	Plan  Phase = "PLAN"
	Do    Phase = "DO"
	Check Phase = "CHECK"
	Act   Phase = "ACT"
)

// next is the phase after the gate that ends p; empty after ACT.
func (p Phase) next() Phase {
	return map[Phase]Phase{Plan: Do, Do: Check, Check: Act}[p]
}

// CycleState tells where a cycle stands.
type CycleState string

// The states of a cycle.
const (
	CycleActive  CycleState = "ACTIVE"
	CycleDone    CycleState = "FINISHED"
	CycleStopped CycleState = "CANCELLED"
)

// Cycle is one two-week Plan-Do-Check-Act turn of one team.
type Cycle struct {
	Name             string            `json:"name"`
	DisplayName      string            `json:"displayName,omitempty"`
	StartDate        Day               `json:"startDate"`
	EndDate          Day               `json:"endDate"`
	TimeZone         string            `json:"timeZone"`
	Phase            Phase             `json:"phase"`
	State            CycleState        `json:"state"`
	TargetCondition  string            `json:"targetCondition,omitempty"`
	CurrentCondition *CurrentCondition `json:"currentCondition,omitempty"`
	ValueStreamFocus *ValueStreamFocus `json:"valueStreamFocus,omitempty"`
	PhasePlan        []PhasePlan       `json:"phasePlan"`
	GatePasses       []GatePass        `json:"gatePasses,omitempty"`
	CancelReason     string            `json:"cancelReason,omitempty"`
}

// CurrentCondition is where the team is, in numbers.
type CurrentCondition struct {
	Metric        string  `json:"metric"`
	BaselineValue float64 `json:"baselineValue"`
	BaselineDate  Day     `json:"baselineDate"`
	Description   string  `json:"description,omitempty"`
}

// ValueStreamFocus is the step of the value stream that a cycle works on.
type ValueStreamFocus struct {
	Step       string `json:"step"`
	Constraint bool   `json:"constraint"`
	Reason     string `json:"reason,omitempty"`
	// ValueStream is the map that the step is one of; empty when the team has drawn none.
	ValueStream string `json:"valueStream,omitempty"`
}

// PhasePlan holds the days that a phase is planned for; End is the first day after it.
type PhasePlan struct {
	Phase Phase `json:"phase"`
	Start Day   `json:"start"`
	End   Day   `json:"end"`
}

// GatePass is one passed gate. Unmet holds the reasons of the criteria that a coach passed over.
type GatePass struct {
	Phase       Phase     `json:"phase"`
	Time        time.Time `json:"time"`
	CoachReason string    `json:"coachReason,omitempty"`
	Unmet       []string  `json:"unmet,omitempty"`
}

// TeamSettings is what a cycle takes over from its team when it starts.
type TeamSettings struct {
	TimeZone  string
	CycleDays int
}

// NewCycle starts plan in its PLAN phase. It lasts the team's cycle days, which are calendar days. running names the
// team's running cycle, or is empty.
func NewCycle(plan Cycle, team TeamSettings, running string) (*Cycle, error) {
	if running != "" {
		return nil, fault.New(fault.FailedPrecondition, "CYCLE_ALREADY_RUNNING",
			"a team has one running cycle; finish or cancel %s first", running).With("cycle", running)
	}
	plan.EndDate = plan.StartDate.AddDays(team.CycleDays)
	plan.TimeZone = team.TimeZone
	plan.Phase, plan.State = Plan, CycleActive
	plan.PhasePlan = planPhases(plan.StartDate, team.CycleDays)
	return &plan, nil
}

// planPhases shares the days out as a two-week cycle does: 2 days to plan, 8 to do, 2 to check, 2 to act.
func planPhases(start Day, days int) []PhasePlan {
	shares := []struct {
		phase Phase
		until int
	}{{Plan, 2}, {Do, 10}, {Check, 12}, {Act, 14}}
	plan := make([]PhasePlan, 0, len(shares))
	from := start
	for _, share := range shares {
		until := start.AddDays(days * share.until / 14)
		plan = append(plan, PhasePlan{Phase: share.phase, Start: from, End: until})
		from = until
	}
	return plan
}

// Edit changes what the cycle plans. Only a running cycle in its PLAN phase can be edited.
func (c *Cycle) Edit(change func(*Cycle)) ([]Event, error) {
	if err := c.running(); err != nil {
		return nil, err
	}
	if c.Phase != Plan {
		return nil, fault.New(fault.FailedPrecondition, "PLAN_PHASE_OVER",
			"a plan can be changed in the PLAN phase only; the cycle is in %s", c.Phase)
	}
	change(c)
	return []Event{CycleUpdated}, nil
}

// StartOn moves the cycle to another first day; it stays as long as it is.
func (c *Cycle) StartOn(day Day) {
	days := c.StartDate.DaysUntil(c.EndDate)
	c.StartDate, c.EndDate, c.PhasePlan = day, day.AddDays(days), planPhases(day, days)
}

// Cancel ends the cycle without its gates.
func (c *Cycle) Cancel(reason string) ([]Event, error) {
	if err := c.running(); err != nil {
		return nil, err
	}
	c.State, c.CancelReason = CycleStopped, reason
	return []Event{CycleCancelled}, nil
}

func (c *Cycle) running() error {
	if c.State == CycleActive {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "CYCLE_NOT_RUNNING", "the cycle is %s", c.State).With("cycle", c.Name)
}
