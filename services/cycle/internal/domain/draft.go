package domain

import (
	"cmp"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// NextStart is the first day of the cycle after this one: the team's cadence day on or after its end, and after today.
func (c *Cycle) NextStart(team TeamSettings, today Day) Day {
	day := max(c.EndDate, today.AddDays(1))
	for range 6 {
		if team.Cadence == "" || day.Weekday() == team.Cadence {
			break
		}
		day = day.AddDays(1)
	}
	return day
}

// NewDraft drafts the cycle that starts on a day, with what it takes over. target is the team's active target condition, or
// empty. Where the team is, and the step it works on, is looked at anew in every cycle.
func NewDraft(name string, start Day, carry CarryOver, target string, team TeamSettings) (*Cycle, error) {
	c := &Cycle{Name: name, State: CycleDraft}
	_, err := c.Redraft(start, carry, target, team)
	return c, err
}

// Redraft plans the days of a draft anew and takes over what the cycle that has now ended leaves behind.
func (c *Cycle) Redraft(start Day, carry CarryOver, target string, team TeamSettings) ([]Event, error) {
	if err := c.drafted(); err != nil {
		return nil, err
	}
	c.CarryOver, c.TargetCondition = &carry, cmp.Or(target, c.TargetCondition)
	return []Event{CycleDrafted}, c.schedule(start, team)
}

// Start begins the drafted cycle in its PLAN phase on a day; empty means the drafted one, or today when that is over. running
// names the team's running cycle and target its active target condition; each may be empty. The draft may be older than the
// target condition, so the active one counts.
func (c *Cycle) Start(day Day, running, target string, team TeamSettings, today Day) ([]Event, error) {
	if err := c.drafted(); err != nil {
		return nil, err
	}
	if err := noneRunning(running); err != nil {
		return nil, err
	}
	if day == "" {
		day = max(c.StartDate, today)
	}
	if err := startInReach("start_date", day, today); err != nil {
		return nil, err
	}
	c.State, c.TargetCondition = CycleActive, cmp.Or(target, c.TargetCondition)
	return []Event{CycleStarted}, c.schedule(day, team)
}

func (c *Cycle) drafted() error {
	if c.State == CycleDraft {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "CYCLE_NOT_DRAFT", "the cycle is %s; only a draft is started", c.State).With("cycle", c.Name)
}
