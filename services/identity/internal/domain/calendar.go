package domain

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Weekday is a day of the week.
type Weekday string

// The days of the week.
const (
	Monday    Weekday = "MONDAY"
	Tuesday   Weekday = "TUESDAY"
	Wednesday Weekday = "WEDNESDAY"
	Thursday  Weekday = "THURSDAY"
	Friday    Weekday = "FRIDAY"
	Saturday  Weekday = "SATURDAY"
	Sunday    Weekday = "SUNDAY"
)

// week is the week in its order.
var week = []Weekday{Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday}

// maxHolidays is how many holidays a team has at most: a year of them.
const maxHolidays = 366

// Holiday is a day on which a team does not work.
type Holiday struct {
	// Date is a day in the team's zone, YYYY-MM-DD.
	Date        string `json:"date"`
	DisplayName string `json:"displayName,omitempty"`
}

// settleWorkingDays puts the days in the order of the week, each once.
func settleWorkingDays(days []Weekday) ([]Weekday, error) {
	for i, day := range days {
		if err := knownWeekday(at("team.working_days", i), day); err != nil {
			return nil, err
		}
	}
	var sorted []Weekday
	for _, day := range week {
		if slices.Contains(days, day) {
			sorted = append(sorted, day)
		}
	}
	return sorted, nil
}

func knownWeekday(field string, day Weekday) error {
	if !slices.Contains(week, day) {
		return fault.Invalid(field, "WEEKDAY_UNKNOWN", "%q is not a day of the week", string(day))
	}
	return nil
}

// settleHolidays puts the days in the order of their dates, and refuses what is no date and a date that is there twice.
func settleHolidays(days []Holiday) ([]Holiday, error) {
	if len(days) > maxHolidays {
		return nil, fault.Invalid("team.holidays", "HOLIDAYS_TOO_MANY", "a team has at most %d holidays: leave out those that are over", maxHolidays)
	}
	seen := map[string]bool{}
	for i, day := range days {
		field := at("team.holidays", i)
		if _, err := time.Parse(time.DateOnly, day.Date); err != nil {
			return nil, fault.Invalid(field+".date", "HOLIDAY_DATE_INVALID", "%q is not a day of the calendar such as 2026-12-25", day.Date)
		}
		if seen[day.Date] {
			return nil, fault.Invalid(field+".date", "HOLIDAY_TWICE", "%s is a holiday already: name each day once", day.Date)
		}
		seen[day.Date] = true
	}
	var sorted []Holiday // nil when there are none, as it is read back
	for _, day := range days {
		day.DisplayName = strings.TrimSpace(day.DisplayName)
		sorted = append(sorted, day)
	}
	slices.SortFunc(sorted, func(a, b Holiday) int { return strings.Compare(a.Date, b.Date) })
	return sorted, nil
}

// at is the path of one element of a repeated field.
func at(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
