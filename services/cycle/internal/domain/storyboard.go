package domain

import "time"

// The parts of a storyboard that have an age, as the contract calls them.
const (
	PartChallenge        = "challenge"
	PartTargetCondition  = "target_condition"
	PartCurrentCondition = "current_condition"
	PartCurrentObstacle  = "current_obstacle"
	PartExperiments      = "experiments"
	PartCycle            = "cycle"
)

// PartNextGate is a part without an age: a gate is worked out whenever it is asked for.
const PartNextGate = "next_gate"

// BoardTimes says when the parts of a storyboard were changed last. The zero time means that a part is not there.
type BoardTimes struct {
	Challenge, TargetCondition, CurrentObstacle, Cycle time.Time
	// Experiments are the times of all experiments of the record.
	Experiments []time.Time
	// Baseline is the day of the baseline, empty when there is none; LatestReading is when its metric was read last.
	Baseline      Day
	LatestReading time.Time
}

// Age is how old a part of a storyboard is.
type Age struct {
	Part string
	// Date is when it was changed last or, for the current condition, measured.
	Date Day
	Days int
}

// Ages are the ages of the parts that are there, in the order of the storyboard.
func (t BoardTimes) Ages(today Day, zone *time.Location) []Age {
	day := func(at time.Time) Day {
		if at.IsZero() {
			return ""
		}
		return Today(at, zone)
	}
	measured := max(t.Baseline, day(t.LatestReading))
	if t.Baseline == "" {
		measured = "" // without a baseline there is no current condition
	}
	var tried time.Time
	for _, at := range t.Experiments {
		if at.After(tried) {
			tried = at
		}
	}
	var ages []Age
	for _, part := range []Age{
		{Part: PartChallenge, Date: day(t.Challenge)},
		{Part: PartTargetCondition, Date: day(t.TargetCondition)},
		{Part: PartCurrentCondition, Date: measured},
		{Part: PartCurrentObstacle, Date: day(t.CurrentObstacle)},
		{Part: PartExperiments, Date: day(tried)},
		{Part: PartCycle, Date: day(t.Cycle)},
	} {
		if part.Date != "" {
			part.Days = max(0, part.Date.DaysUntil(today)) // a reading may be dated ahead
			ages = append(ages, part)
		}
	}
	return ages
}

// DayOf is today's day of the cycle, from 1, and how many days it has. It is 0 before the cycle starts, and more than the cycle has
// when it is overdue.
func (c *Cycle) DayOf(today Day) (day, days int) {
	return max(0, c.StartDate.DaysUntil(today)+1), c.StartDate.DaysUntil(c.EndDate)
}
