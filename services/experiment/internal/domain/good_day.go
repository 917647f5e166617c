package domain

import "time"

// computedByTaps is what computes the share of good days.
const computedByTaps = "taps of good and bad days"

// GoodDaySourceKey is the source key of the readings of the share of good days.
const GoodDaySourceKey = "good-day"

// GoodDayMetric is the metric of a team, `teams/{team}`, that shows the share of those who had a good day, in percent: one reading for each day
// that three people or more tapped.
func GoodDayMetric(team string) *Metric {
	return &Metric{
		Name: team + "/metrics/good-day-share", DisplayName: "Share of good days", Unit: "%", Direction: Higher, Kind: Process,
		ReadingRhythm: "DAILY", FloorAtZero: true, ComputedBy: computedByTaps, Source: computedByTaps,
	}
}

// FromTaps tells whether the readings of a metric are computed from taps.
func (m *Metric) FromTaps() bool { return m.ComputedBy == computedByTaps }

// GoodDayReading is the reading of a day that began at start in the team's zone. share is from 0 to 1.
func GoodDayReading(start time.Time, share float64) Measurement {
	return Measurement{Time: stored(start), Value: 100 * share, SourceKey: GoodDaySourceKey}
}
