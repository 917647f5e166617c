package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Extension is an end that was put off.
type Extension struct {
	Time   time.Time `json:"time"`
	From   Day       `json:"from"`
	To     Day       `json:"to"`
	Reason string    `json:"reason"`
}

// Extend puts the end of the running cycle off. The phases that are over keep their days; the rest is planned anew, with gates
// that are still to come. A cycle that became twice as long as planned would be another one.
func (c *Cycle) Extend(end Day, reason string, team TeamSettings, now time.Time, today Day) ([]Event, error) {
	if err := c.running(); err != nil {
		return nil, err
	}
	earliest, latest := max(c.EndDate, today).AddDays(1), c.StartDate.AddDays(2*team.CycleDays)
	switch {
	case earliest > latest:
		return nil, fault.New(fault.FailedPrecondition, "EXTENSION_OVER",
			"a cycle ends at most %d days after its start, here on %s; finish this one with :advance, or :cancel it and begin the next", 2*team.CycleDays, latest)
	case end < earliest || end > latest:
		return nil, fault.Invalid("end_date", "EXTENSION_OUT_OF_RANGE",
			"the new end date lies between %s and %s: after the one now planned, after today, and at most %d days after the start", earliest, latest, 2*team.CycleDays)
	}
	if err := fault.InWords("reason", "TEXT_MISSING", "say why the planned time is not enough", &reason); err != nil {
		return nil, err
	}
	c.Extensions = append(c.Extensions, Extension{Time: now, From: c.EndDate, To: end, Reason: reason})
	c.EndDate = end
	return []Event{CycleExtended}, c.planFrom(today, team)
}
