package domain

import (
	"math"
	"path"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// CapacityEntry is one day of the capacity ledger: hours of the team as a whole, never of one person.
type CapacityEntry struct {
	Name             string  `json:"name"`
	AvailableHours   float64 `json:"availableHours"`
	ImprovementHours float64 `json:"improvementHours"`
	Note             string  `json:"note,omitempty"`
	// PlannedPercent is the share that the team planned when the entry was made.
	PlannedPercent int `json:"plannedPercent"`
}

// Day is the day that the entry is about.
func (e *CapacityEntry) Day() Day { return Day(path.Base(e.Name)) }

// NewCapacityEntry enters a day. Hours that are not said are nil: they are neither zero nor guessed.
func NewCapacityEntry(name string, available, improvement *float64, note string, plannedPercent int, today Day) (*CapacityEntry, error) {
	e := &CapacityEntry{Name: name, PlannedPercent: plannedPercent}
	if _, err := ParseDay("capacity_entry_id", string(e.Day())); err != nil {
		return nil, err
	}
	switch {
	case e.Day() > today:
		return nil, fault.Invalid("capacity_entry_id", "CAPACITY_DAY_AHEAD", "%s is to come: it is %s for the team; enter the hours when they are spent", e.Day(), today)
	case available == nil:
		return nil, fault.Invalid("capacity_entry.available_hours", "AVAILABLE_HOURS_MISSING", "say how many hours of work the team as a whole had on that day")
	case improvement == nil:
		return nil, fault.Invalid("capacity_entry.improvement_hours", "IMPROVEMENT_HOURS_MISSING", "say how many hours the team spent on improving its work; 0 is an answer")
	}
	if _, err := e.Edit(available, improvement, &note); err != nil {
		return nil, err
	}
	return e, nil
}

// Edit changes what is not nil. The planned share stays as it was on that day.
func (e *CapacityEntry) Edit(available, improvement *float64, note *string) ([]Event, error) {
	next := *e
	set(&next.AvailableHours, available)
	set(&next.ImprovementHours, improvement)
	if note != nil {
		next.Note = strings.TrimSpace(*note)
	}
	if next.ImprovementHours > next.AvailableHours {
		return nil, fault.Invalid("capacity_entry.improvement_hours", "IMPROVEMENT_HOURS_EXCEED", "the team cannot spend %g hours on improvement on a day on which it had %g", next.ImprovementHours, next.AvailableHours)
	}
	if next == *e {
		return nil, nil
	}
	*e = next
	return []Event{CapacityEntryUpdated}, nil
}

// CapacitySummary sums the ledger over a period.
type CapacitySummary struct {
	Period                          Period
	Entered                         int
	Available, Planned, Improvement float64
	// Missing are working days without an entry.
	Missing []Day
}

// SummarizeCapacity sums the entries of the period. working are the team's working days of it.
func SummarizeCapacity(period Period, working []Day, entries []*CapacityEntry) CapacitySummary {
	summary := CapacitySummary{Period: period, Entered: len(entries)}
	entered := map[Day]bool{}
	for _, e := range entries {
		entered[e.Day()] = true
		summary.Available += e.AvailableHours
		summary.Planned += e.AvailableHours * float64(e.PlannedPercent) / 100
		summary.Improvement += e.ImprovementHours
	}
	// Sums of tenths are no tenths in binary; nobody plans millionths of an hour.
	summary.Planned = math.Round(summary.Planned*1e6) / 1e6
	for _, day := range working {
		if !entered[day] {
			summary.Missing = append(summary.Missing, day)
		}
	}
	return summary
}

// Share is hours as a percentage of what the team had; ok is false when it had none.
func (s CapacitySummary) Share(hours float64) (percent float64, ok bool) {
	if s.Available == 0 {
		return 0, false
	}
	return hours / s.Available * 100, true
}
