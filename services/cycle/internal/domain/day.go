package domain

import (
	"fmt"
	"sort"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const dayLayout = "2006-01-02"

// Day is a calendar day of a team's zone, `YYYY-MM-DD`. Days compare as strings in calendar order.
type Day string

// ParseDay reads a day that the request names field. The shape is checked by the contract; here the day must exist, so
// that 2026-02-30 is refused. So are the ends of the calendar: a cycle from there would reach days that cannot be written.
func ParseDay(field, value string) (Day, error) {
	if at, err := time.Parse(dayLayout, value); err != nil || at.Year() < 1970 || at.Year() > 9998 {
		return "", fault.Invalid(field, "DAY_INVALID", "%q is not a day of the calendar; send YYYY-MM-DD", value)
	}
	return Day(value), nil
}

// Today is the day that now falls on in the zone.
func Today(now time.Time, zone *time.Location) Day { return Day(now.In(zone).Format(dayLayout)) }

// AddDays moves by calendar days, whatever hours they have in the zone.
func (d Day) AddDays(days int) Day { return d.move(0, days) }

// AddMonths moves by calendar months; a day that the month lacks becomes one of the next month's first days.
func (d Day) AddMonths(months int) Day { return d.move(months, 0) }

// DaysUntil counts the calendar days from d to other.
func (d Day) DaysUntil(other Day) int {
	from, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return 0
	}
	until, err := time.Parse(dayLayout, string(other))
	if err != nil {
		return 0
	}
	return int(until.Sub(from) / (24 * time.Hour))
}

// Week names the ISO week that d is in, as cycles are named: `2026-w24`.
func (d Day) Week() string {
	at, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return ""
	}
	year, week := at.ISOWeek()
	return fmt.Sprintf("%d-w%02d", year, week)
}

// farthest is more than any zone is ahead of UTC, or behind.
const farthest = 16 * time.Hour

// FirstInstant is when the day begins in the zone: midnight, or the jump of the clocks over it. A day that the zone left out
// begins when the next one does.
func (d Day) FirstInstant(zone *time.Location) time.Time {
	midnight, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return time.Time{}
	}
	offset := func(at time.Time) time.Duration {
		_, seconds := at.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	// No zone moves its clocks twice in so short a time. time.Date does not say which of two midnights it means, or on which side
	// of a jump it lands, and Time.ZoneBounds is not to be walked: at a turn of the year it may end where it began.
	before, after := offset(midnight.Add(-farthest)), offset(midnight.Add(farthest))
	early, late := midnight.Add(-before), midnight.Add(-after)
	switch {
	case offset(early) == before:
		return early
	case offset(late) == after:
		return late
	}
	jump := sort.Search(int(early.Sub(late)/time.Second), func(i int) bool { return offset(late.Add(time.Duration(i)*time.Second)) == after })
	return late.Add(time.Duration(jump) * time.Second)
}

func (d Day) move(months, days int) Day {
	// Days are reckoned in UTC, where every day has 24 hours, so that no zone's transition can shift one.
	at, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return d
	}
	return Day(at.AddDate(0, months, days).Format(dayLayout))
}
