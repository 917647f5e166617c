package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// day is so many days from today, `YYYY-MM-DD`.
func (t *teller) day(offset int) string { return t.today.AddDate(0, 0, offset).Format(time.DateOnly) }

// at is an hour of the day that lies so many days from today; hours below 0 are of the day before.
func (t *teller) at(offset, hour int) string {
	return time.Date(t.today.Year(), t.today.Month(), t.today.Day()+offset, hour, 0, 0, 0, time.UTC).Format(time.RFC3339)
}

// lastDays are the latest days before today that fall on one of the weekdays, the latest first.
func (t *teller) lastDays(count int, weekdays ...time.Weekday) []string {
	var days []string
	for back := 1; len(days) < count; back++ {
		if slices.Contains(weekdays, t.today.AddDate(0, 0, -back).Weekday()) {
			days = append(days, t.day(-back))
		}
	}
	return days
}

// mondayFrom is the first Monday that lies so many days from today, or later.
func (t *teller) mondayFrom(offset int) string {
	for t.today.AddDate(0, 0, offset).Weekday() != time.Monday {
		offset++
	}
	return t.day(offset)
}

// weekdayName is a weekday as the API names it.
func weekdayName(day time.Weekday) string { return "WEEKDAY_" + strings.ToUpper(day.String()) }

// csv lists one reading a day from the day on that lies so many days from today.
func (t *teller) csv(from int, readings []float64) string {
	var lines strings.Builder
	lines.WriteString("time,value\n")
	for i, reading := range readings {
		fmt.Fprintf(&lines, "%sT09:00:00Z,%g\n", t.day(from+i), reading)
	}
	return lines.String()
}
