package domain

import (
	"fmt"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// noon is the hour at which a day that is over is closed for taps, in the team's zone.
const noon = 12

// GoodDayOf takes the name of a day apart: the team, `teams/{team}`, and the day, `YYYY-MM-DD`. Reason: DAY_INVALID.
func GoodDayOf(name string) (team, day string, err error) {
	team, day, found := strings.Cut(name, "/goodDays/")
	if !found || CheckDay("name", day) != nil {
		return "", "", CheckDay("name", day)
	}
	return team, day, nil
}

// CheckDay refuses what is no day of the calendar. Reason: DAY_INVALID.
func CheckDay(field, day string) error {
	if at, err := time.Parse(time.DateOnly, day); err != nil || at.Year() < 1970 {
		return fault.Invalid(field, "DAY_INVALID", "%q is not a day of the calendar; send YYYY-MM-DD", day)
	}
	return nil
}

// openDays are the days that may be tapped: today in the zone and, until noon, the day before.
func openDays(now time.Time, zone *time.Location) []string {
	year, month, day := now.In(zone).Date()
	today := calendarDay(year, month, day)
	if now.Before(time.Date(year, month, day, noon, 0, 0, 0, zone)) {
		return []string{today, calendarDay(year, month, day-1)}
	}
	return []string{today}
}

// notOpen refuses a tap for a day that is to come, or closed.
func notOpen(day string, now time.Time, zone *time.Location) error {
	open := openDays(now, zone)
	text := fmt.Sprintf("%s is not open for taps; %s is, and the day before until 12:00 in the team's zone", day, open[0])
	if len(open) > 1 {
		text = fmt.Sprintf("%s is not open for taps; %s is and, until 12:00 in the team's zone, %s, if it was not closed before", day, open[0], open[1])
	}
	return fault.Unmet("DAY_NOT_OPEN", text, fault.Violation{Field: "name", Reason: "DAY_NOT_OPEN", Description: text})
}

func calendarDay(year int, month time.Month, day int) string {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// startOfDay is the first instant of a day in a zone: where clocks go forward at midnight it is 01:00, and where midnight comes twice it
// is the first one.
func startOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	const step = 15 * time.Minute // every zone's clock goes by whole quarters
	on := func(at time.Time) string { return at.In(zone).Format(time.DateOnly) }
	wanted, start := calendarDay(year, month, day), time.Date(year, month, day, 0, 0, 0, 0, zone)
	for on(start) < wanted {
		start = start.Add(step)
	}
	for on(start.Add(-step)) >= wanted {
		start = start.Add(-step)
	}
	return start
}

// closeTime is when a day is closed: at noon of the next day of the calendar.
func closeTime(year int, month time.Month, day int, zone *time.Location) time.Time {
	return time.Date(year, month, day+1, noon, 0, 0, 0, zone)
}

// weekOf is the id of the ISO week of a day, such as 2026-w24, and when it is closed: with its Sunday.
func weekOf(year int, month time.Month, day int, zone *time.Location) (id string, closed time.Time) {
	at := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	isoYear, week := at.ISOWeek()
	toSunday := (7 - int(at.Weekday())) % 7
	return fmt.Sprintf("%04d-w%02d", isoYear, week), closeTime(year, month, day+toSunday, zone)
}

// DaysOfWeek are the first and the last day of an ISO week of an id that weekOf made.
func DaysOfWeek(id string) (monday, sunday string) {
	var year, week int
	_, _ = fmt.Sscanf(id, "%d-w%d", &year, &week)
	// The 4th of January is in the first week of every year.
	january := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	first := 4 - (int(january.Weekday())+6)%7 + 7*(week-1)
	return calendarDay(year, 1, first), calendarDay(year, 1, first+6)
}
