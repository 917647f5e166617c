package domain

import "time"

// clockSkew is how far the clock of who measures may go before ours.
const clockSkew = 5 * time.Minute

// TakenUntil is the latest instant of a reading that can have been taken by now.
func TakenUntil(now time.Time) time.Time { return now.Add(clockSkew) }

// takenBy leaves out the readings that are dated after now: nobody can have taken them yet.
func takenBy(readings []Reading, now time.Time) []Reading {
	var taken []Reading
	for _, r := range readings {
		if !r.Time.After(TakenUntil(now)) {
			taken = append(taken, r)
		}
	}
	return taken
}

// division are the readings of a metric, split at the start of an experiment.
type division struct {
	// before is what the limits rest on when no baseline is frozen, after are the results.
	before, after []Measurement
	// late is how many arrived after the start and were taken before it, role what they count as.
	late int
	role lateRole
}

// lateRole is what readings count as that were taken before the start and arrived after it.
type lateRole int

const (
	lateNothing lateRole = iota
	lateBefore           // readings before the start
	lateResults
)

// divide splits the readings of a metric at the start of an experiment. Results are the readings that were taken at or after the
// start and arrived after it. The readings before the start are those that had arrived by then: a history that is filled in
// later, when results may have been seen, does not move what these are judged by. What was taken before the start and arrived
// after it counts in two cases, and the outcome says so: as readings before the start, when too few for limits had arrived; and as
// results, when there are no others, for teams that begin to write down what they have done already. A reading that is dated at
// or after the start, but had arrived before it, is neither: it was known when the experiment started, and nobody can have
// taken it yet.
func divide(readings []Reading, start time.Time, startOrdinal int64) (d division) {
	var late []Measurement
	for _, r := range readings {
		switch arrived, taken := r.Ordinal > startOrdinal, !r.Time.Before(start); {
		case arrived && taken:
			d.after = append(d.after, r.Measurement)
		case arrived:
			late = append(late, r.Measurement)
		case !taken:
			d.before = append(d.before, r.Measurement)
		}
	}
	switch d.late = len(late); {
	case d.late == 0:
	case len(d.after) == 0:
		d.after, d.role = late, lateResults
	case len(d.before) < minPoints:
		d.before, d.role = append(d.before, late...), lateBefore
	}
	return d
}

// warnings say what became of the readings that were entered late. frozen tells that a frozen baseline judges.
func (d division) warnings(frozen bool) []string {
	arrived := "After the start " + countOf(d.late) + " arrived that had been taken before it. "
	switch {
	case d.late == 0:
		return nil
	case d.role == lateResults:
		return []string{"No reading was taken since the start. " + arrived + "The verdict rests on these alone: they cannot show what the experiment has changed since it was started here."}
	case d.role == lateBefore && !frozen:
		return []string{arrived + "They are no results. The limits rest on them, too, because fewer than 4 had arrived by the start."}
	}
	return []string{arrived + "They are no results, and the limits do not rest on them."}
}
