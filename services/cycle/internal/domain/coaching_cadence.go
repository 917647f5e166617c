package domain

import (
	"slices"
	"time"
)

// Weekday is a day of the week, as identity names it: MONDAY.
type Weekday string

// Weekday is the day of the week that d is.
func (d Day) Weekday() Weekday {
	at, err := time.Parse(dayLayout, string(d))
	if err != nil {
		return ""
	}
	return weekdayOf(at)
}

func weekdayOf(at time.Time) Weekday {
	return [...]Weekday{"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"}[at.Weekday()]
}

// CoachingCadence is how often a team wants to be coached.
type CoachingCadence struct {
	Name string `json:"name"`
	// Weekdays are those on which coaching is planned, in the order of the week; empty means each working day.
	Weekdays []Weekday `json:"weekdays,omitempty"`
}

// Edit changes the weekdays.
func (c *CoachingCadence) Edit(weekdays []Weekday) []Event {
	if slices.Equal(weekdays, c.Weekdays) {
		return nil
	}
	c.Weekdays = weekdays
	return []Event{CoachingCadenceUpdated}
}

// CoachingHealth is how well a team keeps its rhythm. Nothing in it is about one person.
type CoachingHealth struct {
	Period                  Period
	Planned, Held, Sessions int
}

// Health compares the plan with the sessions that were held, counted by day. working are the team's working days of the period.
func (c *CoachingCadence) Health(period Period, working []Day, held map[Day]int) CoachingHealth {
	health := CoachingHealth{Period: period}
	for _, day := range working {
		if len(c.Weekdays) > 0 && !slices.Contains(c.Weekdays, day.Weekday()) {
			continue
		}
		health.Planned++
		if held[day] > 0 {
			health.Held++
		}
	}
	for day, sessions := range held {
		if day >= period.Start && day <= period.End {
			health.Sessions += sessions
		}
	}
	return health
}
