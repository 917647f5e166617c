package domain

import (
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// PhasePlan holds the days that a phase is planned for; End is the first day after it.
type PhasePlan struct {
	Phase Phase `json:"phase"`
	Start Day   `json:"start"`
	End   Day   `json:"end"`
	// Gate is the day of the phase's gate, a working day; empty in a plan that was made before gates had a day of their own.
	Gate Day `json:"gate,omitempty"`
}

// share is how much of a cycle's working days a phase gets, in tenths.
type share struct {
	phase  Phase
	tenths int
}

var shares = []share{{Plan, 2}, {Do, 6}, {Check, 1}, {Act, 1}}

// planPhases shares the days from start to end out among the phases from first on. Each phase ends with its gate, on a
// working day that is not before from; the last one lasts until end.
func planPhases(first Phase, start, from, end Day, team TeamSettings) ([]PhasePlan, error) {
	working, err := team.workingDays(from, end)
	if err != nil {
		return nil, err
	}
	rest := shares[slices.IndexFunc(shares, func(s share) bool { return s.phase == first }):]
	gates := gateDays(working, rest)
	plan := make([]PhasePlan, len(rest))
	for i, part := range rest {
		until := end
		if i < len(rest)-1 {
			until = min(gates[i].AddDays(1), end)
		}
		plan[i] = PhasePlan{Phase: part.phase, Start: start, End: until, Gate: gates[i]}
		start = until
	}
	return plan, nil
}

// workingDays are the team's working days from a day on and before end, or the first one after when there is none.
func (t TeamSettings) workingDays(from, end Day) ([]Day, error) {
	if days := (Period{Start: from, End: end.AddDays(-1)}).WorkingDays(t.WorkingDays, t.Holidays); len(days) > 0 {
		return days, nil
	}
	year := Period{Start: end, End: end.AddDays(365)}
	if days := year.WorkingDays(t.WorkingDays, t.Holidays); len(days) > 0 {
		return days[:1], nil
	}
	return nil, fault.New(fault.FailedPrecondition, "NO_WORKING_DAYS",
		"the team has no working day from %s to %s, so no gate can be planned; set the team's working_days, or take holidays out", from, year.End)
}

// gateDays picks the last of the working days that each phase gets by its share. Each phase gets at least one; when there are
// fewer days than phases, the last phases share the last day.
func gateDays(working []Day, phases []share) []Day {
	gates := make([]Day, len(phases))
	total := 0
	for _, part := range phases {
		total += part.tenths
	}
	sum, used := 0, 0
	for i, part := range phases {
		sum += part.tenths
		rounded := (2*len(working)*sum + total) / (2 * total)
		leaving := len(working) - (len(phases) - 1 - i)
		used = min(max(used+1, min(rounded, leaving)), len(working))
		gates[i] = working[used-1]
	}
	return gates
}

// GateDate is the day that the gate of the cycle's present phase is planned for. A plan that names no gates has it on the first
// day after the phase.
func (c *Cycle) GateDate() Day {
	for _, plan := range c.PhasePlan {
		if plan.Phase == c.Phase {
			return plan.gate()
		}
	}
	return ""
}

func (p PhasePlan) gate() Day {
	if p.Gate == "" {
		return p.End
	}
	return p.Gate
}
