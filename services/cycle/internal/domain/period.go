package domain

import (
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	usualPeriodDays   = 28
	longestPeriodDays = 366
)

// Period is a span of days, both ends in it. One that begins after today holds no day that can be reckoned, and ends before it starts.
type Period struct{ Start, End Day }

// NewPeriod reads the days of a request: the last four weeks when it gives none. Days to come are left out.
func NewPeriod(start, end string, today Day) (Period, error) {
	p := Period{End: today}
	var err error
	if end != "" {
		if p.End, err = ParseDay("end_date", end); err != nil {
			return p, err
		}
	}
	p.Start = p.End.AddDays(1 - usualPeriodDays)
	if start != "" {
		if p.Start, err = ParseDay("start_date", start); err != nil {
			return p, err
		}
	}
	switch {
	case p.Start > p.End:
		return p, fault.Invalid("start_date", "PERIOD_BACKWARDS", "the period from %s to %s ends before it starts", p.Start, p.End)
	case p.Start.DaysUntil(p.End) >= longestPeriodDays:
		return p, fault.Invalid("start_date", "PERIOD_TOO_LONG", "a period has at most %d days", longestPeriodDays)
	}
	p.End = min(p.End, today)
	return p, nil
}

// WorkingDays are the days of the period on which the team works.
func (p Period) WorkingDays(weekdays []Weekday, holidays []Day) []Day {
	at, err := time.Parse(dayLayout, string(p.Start))
	if err != nil {
		return nil
	}
	var days []Day
	for day := p.Start; day <= p.End; day = Day(at.Format(dayLayout)) {
		if slices.Contains(weekdays, weekdayOf(at)) && !slices.Contains(holidays, day) {
			days = append(days, day)
		}
		at = at.AddDate(0, 0, 1)
	}
	return days
}
