package domain

import "time"

// ReadingChange is a recorded reading that should have another value, or none.
type ReadingChange struct {
	// Recorded is the reading as it stands, Value what it should be.
	Recorded Measurement
	Value    float64
}

// ReadingChanges are what has to be done so that the recorded readings of a metric are those that its history comes to.
type ReadingChanges struct {
	// Fresh are to be recorded, Changed to be corrected, Withdrawn to be taken out, as no event speaks for them any more.
	Fresh     []Entry
	Changed   []ReadingChange
	Withdrawn []Measurement
}

// CompareReadings compares what readings should be with what is recorded, by time and source key. places are where the history
// could have readings before the news: only there any is withdrawn, so that a board restored without its events keeps its readings.
func CompareReadings(places, wanted, recorded []Measurement) (c ReadingChanges) {
	type key struct {
		at     time.Time
		source string
	}
	keyed := func(list []Measurement) map[key]Measurement {
		m := make(map[key]Measurement, len(list))
		for _, r := range list {
			m[key{r.Time, r.SourceKey}] = r
		}
		return m
	}
	had, wants := keyed(recorded), keyed(wanted)
	for _, m := range wanted {
		found, ok := had[key{m.Time, m.SourceKey}]
		switch {
		case !ok:
			c.Fresh = append(c.Fresh, Entry{Measurement: m, Line: int64(len(c.Fresh)) + 1})
		case found.Value != m.Value:
			c.Changed = append(c.Changed, ReadingChange{Recorded: found, Value: m.Value})
		}
	}
	for _, m := range places {
		k := key{m.Time, m.SourceKey}
		if found, ok := had[k]; ok {
			if _, ok := wants[k]; !ok {
				c.Withdrawn = append(c.Withdrawn, found)
			}
		}
	}
	return c
}
