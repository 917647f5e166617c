package domain_test

import (
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const ledger = "teams/payments/capacityEntries/"

var weekdays = []domain.Weekday{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"}

func TestNewCapacityEntry(t *testing.T) {
	zero, six, forty := new(0.0), new(6.0), new(40.0)
	for _, test := range []struct {
		name                   string
		day                    string
		available, improvement *float64
		reason                 string
	}{
		{"whole", "2026-03-02", forty, six, ""},
		{"nothing spent", "2026-03-02", forty, zero, ""},
		{"nobody there", "2026-03-02", zero, zero, ""},
		{"all of it", "2026-03-02", six, six, ""},
		{"more than there was", "2026-03-02", six, forty, "IMPROVEMENT_HOURS_EXCEED"},
		{"hours that the team had not said", "2026-03-02", nil, six, "AVAILABLE_HOURS_MISSING"},
		{"hours spent not said", "2026-03-02", forty, nil, "IMPROVEMENT_HOURS_MISSING"},
		{"tomorrow", "2026-03-03", forty, six, "CAPACITY_DAY_AHEAD"},
		{"no day", "2026-02-30", forty, six, "DAY_INVALID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := domain.NewCapacityEntry(ledger+test.day, test.available, test.improvement, " note ", 15, monday)
			if test.reason != "" {
				if f := fault.From(err); f == nil || f.Reason != test.reason {
					t.Errorf("got %v, want %s", err, test.reason)
				}
				return
			}
			if err != nil || e.AvailableHours != *test.available || e.ImprovementHours != *test.improvement || e.Note != "note" || e.PlannedPercent != 15 || e.Day() != monday {
				t.Errorf("%+v, %v", e, err)
			}
		})
	}
}

func TestEditCapacityEntry(t *testing.T) {
	e := &domain.CapacityEntry{Name: ledger + "2026-03-02", AvailableHours: 40, ImprovementHours: 6, PlannedPercent: 15}
	if events, err := e.Edit(nil, new(8.0), nil); err != nil || !slices.Equal(events, []domain.Event{domain.CapacityEntryUpdated}) || e.ImprovementHours != 8 || e.AvailableHours != 40 {
		t.Errorf("%+v, %v, %v", e, events, err)
	}
	if events, err := e.Edit(new(40.0), new(8.0), new("")); err != nil || events != nil {
		t.Errorf("as it is: %v, %v", events, err)
	}
	if _, err := e.Edit(new(7.0), nil, nil); fault.From(err).Reason != "IMPROVEMENT_HOURS_EXCEED" || e.AvailableHours != 40 {
		t.Errorf("less than was spent: %+v, %v", e, err)
	}
}

func TestSummarizeCapacity(t *testing.T) {
	period := domain.Period{Start: "2026-03-02", End: "2026-03-09"}
	entries := []*domain.CapacityEntry{
		{Name: ledger + "2026-03-02", AvailableHours: 40, ImprovementHours: 6, PlannedPercent: 10},
		{Name: ledger + "2026-03-03", AvailableHours: 20, ImprovementHours: 0, PlannedPercent: 20},
		{Name: ledger + "2026-03-07", AvailableHours: 4, ImprovementHours: 4, PlannedPercent: 25}, // a Saturday
	}
	s := domain.SummarizeCapacity(period, period.WorkingDays(weekdays, []domain.Day{"2026-03-05"}), entries)
	planned, ok := s.Share(s.Planned)
	if s.Entered != 3 || s.Available != 64 || s.Improvement != 10 || s.Planned != 9 || !ok || planned != 14.0625 ||
		!slices.Equal(s.Missing, []domain.Day{"2026-03-04", "2026-03-06", "2026-03-09"}) {
		t.Errorf("%+v, planned %v", s, planned)
	}
	if _, ok := domain.SummarizeCapacity(period, nil, nil).Share(0); ok {
		t.Error("a share of nothing")
	}
}

func TestNewPeriod(t *testing.T) {
	for _, test := range []struct {
		name, start, end string
		want             domain.Period
		reason           string
	}{
		{"the last four weeks", "", "", domain.Period{Start: "2026-02-03", End: monday}, ""},
		{"four weeks to a day", "", "2026-01-31", domain.Period{Start: "2026-01-04", End: "2026-01-31"}, ""},
		{"one day", "2026-03-02", "2026-03-02", domain.Period{Start: monday, End: monday}, ""},
		{"days to come are left out", "2026-03-01", "2026-03-31", domain.Period{Start: "2026-03-01", End: monday}, ""},
		{"only days to come", "2026-03-10", "2026-03-31", domain.Period{Start: "2026-03-10", End: monday}, ""},
		{"a year", "2025-03-02", "2026-03-02", domain.Period{Start: "2025-03-02", End: monday}, ""},
		{"too long", "2025-03-01", "2026-03-02", domain.Period{}, "PERIOD_TOO_LONG"},
		{"backwards", "2026-03-02", "2026-03-01", domain.Period{}, "PERIOD_BACKWARDS"},
		{"no day", "2026-02-30", "", domain.Period{}, "DAY_INVALID"},
		{"no last day", "", "2026-13-01", domain.Period{}, "DAY_INVALID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := domain.NewPeriod(test.start, test.end, monday)
			if test.reason != "" {
				if f := fault.From(err); f == nil || f.Reason != test.reason {
					t.Errorf("got %v, want %s", err, test.reason)
				}
			} else if err != nil || got != test.want {
				t.Errorf("%+v, %v; want %+v", got, err, test.want)
			}
		})
	}
	if days := (domain.Period{Start: "2026-03-10", End: monday}).WorkingDays(weekdays, nil); len(days) != 0 {
		t.Errorf("working days of what is to come: %v", days)
	}
}

func TestCoachingHealth(t *testing.T) {
	period := domain.Period{Start: "2026-03-02", End: "2026-03-08"}
	working := period.WorkingDays(weekdays, []domain.Day{"2026-03-06"})
	held := map[domain.Day]int{"2026-03-01": 9, "2026-03-02": 2, "2026-03-04": 1, "2026-03-07": 1}
	for _, test := range []struct {
		name                    string
		weekdays                []domain.Weekday
		planned, held, sessions int
	}{
		{"each working day", nil, 4, 2, 4},
		{"some days", []domain.Weekday{"MONDAY", "THURSDAY", "SATURDAY"}, 2, 1, 4},
		{"days on which nobody works", []domain.Weekday{"SUNDAY"}, 0, 0, 4},
	} {
		c := domain.CoachingCadence{Weekdays: test.weekdays}
		want := domain.CoachingHealth{Period: period, Planned: test.planned, Held: test.held, Sessions: test.sessions}
		if got := c.Health(period, working, held); got != want {
			t.Errorf("%s: %+v, want %+v", test.name, got, want)
		}
	}
	c := domain.CoachingCadence{}
	if events := c.Edit([]domain.Weekday{"MONDAY"}); !slices.Equal(events, []domain.Event{domain.CoachingCadenceUpdated}) || len(c.Weekdays) != 1 {
		t.Errorf("%+v, %v", c, events)
	}
	if events := c.Edit([]domain.Weekday{"MONDAY"}); events != nil {
		t.Errorf("as it is: %v", events)
	}
}
