package domain

import (
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

func (d Day) move(months, days int) Day {
	// Days are reckoned in UTC, where every day has 24 hours, so that no zone's transition can shift one.
	at, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return d
	}
	return Day(at.AddDate(0, months, days).Format(dayLayout))
}
