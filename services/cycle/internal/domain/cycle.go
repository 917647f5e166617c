// Package domain holds the rules of the two-week turn: directions, target conditions, obstacles, phases and gates.
package domain

import (
	"cmp"
	"reflect"
	"slices"
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
	CycleDraft   CycleState = "DRAFT"
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
	Extensions       []Extension       `json:"extensions,omitempty"`
	CarryOver        *CarryOver        `json:"carryOver,omitempty"`
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

// GatePass is one passed gate. Unmet holds the reasons of the criteria that a coach passed over.
type GatePass struct {
	Phase       Phase     `json:"phase"`
	Time        time.Time `json:"time"`
	CoachReason string    `json:"coachReason,omitempty"`
	Unmet       []string  `json:"unmet,omitempty"`
}

// TeamSettings is what a cycle takes over from its team when its days are planned.
type TeamSettings struct {
	TimeZone  string
	CycleDays int
	// WorkingDays are the days of the week on which the team works, Holidays the days on which it does not all the same.
	WorkingDays []Weekday
	Holidays    []Day
	// Cadence is the day of the week on which cycles start; empty when any day will do.
	Cadence Weekday
}

// mostDaysAway is how far from today a cycle may start. Farther away the year is a slip of the pen.
const mostDaysAway = 366

// NewCycle starts plan in its PLAN phase, today unless it says another day. It lasts the team's cycle days, which are
// calendar days. running names the team's running cycle, or is empty.
func NewCycle(plan Cycle, team TeamSettings, running string, today Day) (*Cycle, error) {
	if err := noneRunning(running); err != nil {
		return nil, err
	}
	start := cmp.Or(plan.StartDate, today)
	if err := startInReach("cycle.start_date", start, today); err != nil {
		return nil, err
	}
	plan.State = CycleActive
	return &plan, plan.schedule(start, team)
}

// schedule plans the whole cycle anew from its first day on.
func (c *Cycle) schedule(start Day, team TeamSettings) error {
	c.Phase, c.TimeZone = Plan, team.TimeZone
	c.StartDate, c.EndDate = start, start.AddDays(team.CycleDays)
	return c.planFrom(start, team)
}

// planFrom plans the phases from the present one on anew. Their gates lie on from or later.
func (c *Cycle) planFrom(from Day, team TeamSettings) error {
	over, start := c.phasesOver()
	rest, err := planPhases(c.Phase, start, max(start, from), c.EndDate, team)
	if err != nil {
		return err
	}
	c.PhasePlan = slices.Concat(over, rest)
	return nil
}

// phasesOver are the planned days of the phases before the present one, and the first day of the present one.
func (c *Cycle) phasesOver() (over []PhasePlan, start Day) {
	for _, plan := range c.PhasePlan {
		if c.Phase == Plan || plan.Phase == c.Phase {
			break
		}
		over = append(over, plan)
	}
	if len(over) == 0 {
		return nil, c.StartDate
	}
	return over, over[len(over)-1].End
}

// Edit changes what the cycle plans. Only a draft, or a running cycle in its PLAN phase, can be edited.
func (c *Cycle) Edit(change func(*Cycle) error) ([]Event, error) {
	if c.State != CycleDraft {
		if err := c.running(); err != nil {
			return nil, err
		}
	}
	if c.Phase != Plan {
		return nil, fault.New(fault.FailedPrecondition, "PLAN_PHASE_OVER",
			"a plan can be changed in the PLAN phase only; the cycle is in %s", c.Phase)
	}
	before := *c
	before.PhasePlan = slices.Clone(c.PhasePlan)
	if err := change(c); err != nil || reflect.DeepEqual(*c, before) {
		return nil, err
	}
	return []Event{CycleUpdated}, nil
}

// StartOn moves the cycle to another first day; it stays as long as it is.
func (c *Cycle) StartOn(day Day, team TeamSettings, today Day) error {
	if day == c.StartDate {
		return nil
	}
	if err := startInReach("cycle.start_date", day, today); err != nil {
		return err
	}
	days := c.StartDate.DaysUntil(c.EndDate)
	c.StartDate, c.EndDate = day, day.AddDays(days)
	return c.planFrom(day, team)
}

// Cancel ends the cycle, or gives its draft up. stillRunning names the experiments of the cycle that run: each must come to
// its end before, because nobody would look at it afterwards.
func (c *Cycle) Cancel(reason string, stillRunning ...string) ([]Event, error) {
	if c.State != CycleDraft {
		if err := c.running(); err != nil {
			return nil, err
		}
	}
	if len(stillRunning) > 0 {
		return nil, experimentsStillRunning(stillRunning)
	}
	if err := fault.InWords("reason", "TEXT_MISSING", "say why the cycle is cancelled", &reason); err != nil {
		return nil, err
	}
	c.State, c.CancelReason = CycleStopped, reason
	return []Event{CycleCancelled}, nil
}

func (c *Cycle) running() error {
	if c.State == CycleActive {
		return nil
	}
	way := "it is over; look at the team's running cycle, or start the next one"
	if c.State == CycleDraft {
		way = "start it first with :start"
	}
	return fault.New(fault.FailedPrecondition, "CYCLE_NOT_RUNNING", "the cycle is %s: %s", c.State, way).With("cycle", c.Name)
}

// noneRunning refuses a second running cycle.
func noneRunning(running string) error {
	if running == "" {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "CYCLE_ALREADY_RUNNING",
		"a team has one running cycle; finish or cancel %s first", running).With("cycle", running)
}

// startInReach refuses a first day that is far from today.
func startInReach(field string, start, today Day) error {
	if earliest, latest := today.AddDays(-mostDaysAway), today.AddDays(mostDaysAway); start < earliest || start > latest {
		return fault.Invalid(field, "START_OUT_OF_RANGE", "a cycle starts at most %d days from today: between %s and %s", mostDaysAway, earliest, latest)
	}
	return nil
}
