package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

func TestPhasePlan(t *testing.T) {
	everyDay := []domain.Weekday{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}
	tests := []struct {
		name     string
		start    domain.Day
		days     int
		weekdays []domain.Weekday
		holidays []domain.Day
		want     string // first day and gate of each phase, then the end
	}{
		{"ten working days", "2026-06-08", 14, office.WorkingDays, nil, "PLAN 06-08 06-09, DO 06-10 06-17, CHECK 06-18 06-18, ACT 06-19 06-19, 06-22"},
		{"from a Wednesday", "2026-06-10", 14, office.WorkingDays, nil, "PLAN 06-10 06-11, DO 06-12 06-19, CHECK 06-20 06-22, ACT 06-23 06-23, 06-24"},
		{"from a Saturday", "2026-06-06", 14, office.WorkingDays, nil, "PLAN 06-06 06-09, DO 06-10 06-17, CHECK 06-18 06-18, ACT 06-19 06-19, 06-20"},
		{
			"holidays on gates", "2026-06-08", 14, office.WorkingDays,
			[]domain.Day{"2026-06-09", "2026-06-18", "2026-06-19"},
			"PLAN 06-08 06-08, DO 06-09 06-15, CHECK 06-16 06-16, ACT 06-17 06-17, 06-22",
		},
		{"every day", "2026-06-08", 14, everyDay, nil, "PLAN 06-08 06-10, DO 06-11 06-18, CHECK 06-19 06-20, ACT 06-21 06-21, 06-22"},
		{"four working days", "2026-06-08", 7, office.WorkingDays, []domain.Day{"2026-06-12"}, "PLAN 06-08 06-08, DO 06-09 06-09, CHECK 06-10 06-10, ACT 06-11 06-11, 06-15"},
		{"three share", "2026-06-08", 7, office.WorkingDays[:3], nil, "PLAN 06-08 06-08, DO 06-09 06-09, CHECK 06-10 06-10, ACT 06-11 06-10, 06-15"},
		{"two share", "2026-06-08", 14, office.WorkingDays[:1], nil, "PLAN 06-08 06-08, DO 06-09 06-15, CHECK 06-16 06-15, ACT 06-16 06-15, 06-22"},
		{
			"none in it", "2026-06-09", 14, office.WorkingDays[:1],
			[]domain.Day{"2026-06-15", "2026-06-22", "2026-06-29"},
			"PLAN 06-09 07-06, DO 06-23 07-06, CHECK 06-23 07-06, ACT 06-23 07-06, 06-23",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			team := domain.TeamSettings{CycleDays: test.days, WorkingDays: test.weekdays, Holidays: test.holidays}
			cycle, err := domain.NewCycle(domain.Cycle{StartDate: test.start}, team, "", test.start)
			must(t, err)
			if got := planned(cycle); got != test.want {
				t.Errorf("planned\n%s, want\n%s", got, test.want)
			}
		})
	}
}

// planned is the cycle's plan in short, the year left out.
func planned(c *domain.Cycle) string {
	var parts []string
	for _, plan := range c.PhasePlan {
		parts = append(parts, fmt.Sprintf("%s %s %s", plan.Phase, plan.Start[5:], plan.Gate[5:]))
	}
	return strings.Join(append(parts, string(c.EndDate[5:])), ", ")
}

func TestATeamWithoutWorkingDaysPlansNothing(t *testing.T) {
	for name, team := range map[string]domain.TeamSettings{
		"no days of the week": {CycleDays: 14},
		"a year of holidays":  {CycleDays: 14, WorkingDays: office.WorkingDays[:1], Holidays: daysFrom("2026-06-08", 14+366)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := domain.NewCycle(domain.Cycle{StartDate: "2026-06-08"}, team, "", "2026-06-08")
			checkReason(t, err, "NO_WORKING_DAYS")
			_, err = domain.NewDraft("c", "2026-06-08", domain.CarryOver{}, "", team)
			checkReason(t, err, "NO_WORKING_DAYS")
		})
	}
}

func daysFrom(start domain.Day, n int) []domain.Day {
	var days []domain.Day
	for i := range n {
		days = append(days, start.AddDays(i))
	}
	return days
}

// Whatever a team's week and holidays are: the phases share out the cycle without a hole, their gates are working days that never
// go back, and each phase has working days of its own as long as there are enough.
func TestPhasePlanProperties(t *testing.T) {
	week := []domain.Weekday{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}
	rapid.Check(t, func(t *rapid.T) {
		start := domain.Day("2026-01-01").AddDays(rapid.IntRange(0, 1500).Draw(t, "start"))
		team := domain.TeamSettings{
			TimeZone: "Europe/Berlin", CycleDays: rapid.IntRange(7, 28).Draw(t, "days"),
			WorkingDays: rapid.SliceOfNDistinct(rapid.SampledFrom(week), 1, 7, rapid.ID).Draw(t, "week"),
		}
		for _, off := range rapid.SliceOfN(rapid.IntRange(0, 60), 0, 40).Draw(t, "holidays") {
			team.Holidays = append(team.Holidays, start.AddDays(off))
		}
		cycle, err := domain.NewCycle(domain.Cycle{StartDate: start}, team, "", start)
		if err != nil {
			t.Fatal(err)
		}
		checkPlan(t, cycle, team, start)

		// An extension at any time keeps the days of the phases that are over.
		cycle.Phase = rapid.SampledFrom([]domain.Phase{domain.Plan, domain.Do, domain.Check, domain.Act}).Draw(t, "phase")
		before := slices.Clone(cycle.PhasePlan)
		today := start.AddDays(rapid.IntRange(-10, 2*team.CycleDays-1).Draw(t, "today"))
		end := max(cycle.EndDate, today).AddDays(1)
		if _, err := cycle.Extend(end, "more to see", team, noon, today); err != nil {
			t.Fatal(err)
		}
		if cycle.EndDate != end || cycle.Extensions[0].From != start.AddDays(team.CycleDays) || cycle.Extensions[0].To != end {
			t.Fatalf("extended to %+v", cycle)
		}
		for i, plan := range cycle.PhasePlan {
			if plan.Phase == cycle.Phase {
				checkPlan(t, &domain.Cycle{StartDate: plan.Start, EndDate: end, PhasePlan: cycle.PhasePlan[i:]}, team, max(plan.Start, today))
				break
			}
			if plan != before[i] {
				t.Fatalf("%s is over and moved from %+v to %+v", plan.Phase, before[i], plan)
			}
		}
	})
}

// checkPlan checks the plan of the whole cycle, or of what is left of it from a day on.
func checkPlan(t interface{ Fatalf(string, ...any) }, c *domain.Cycle, team domain.TeamSettings, from domain.Day) {
	works := func(day domain.Day) bool {
		return slices.Contains(team.WorkingDays, day.Weekday()) && !slices.Contains(team.Holidays, day)
	}
	working := 0
	for day := from; day < c.EndDate; day = day.AddDays(1) {
		if works(day) {
			working++
		}
	}
	next, gate := c.StartDate, domain.Day("")
	for i, plan := range c.PhasePlan {
		switch {
		case plan.Start != next || plan.End < plan.Start:
			t.Fatalf("a hole, or days twice, at %s of %+v", plan.Phase, c.PhasePlan)
		case !works(plan.Gate) || plan.Gate < gate || plan.Gate < from:
			t.Fatalf("the gate of %s is on %s: %+v", plan.Phase, plan.Gate, c.PhasePlan)
		case working >= len(c.PhasePlan) && (plan.Gate < plan.Start || plan.Gate >= plan.End || i > 0 && plan.Gate == gate):
			t.Fatalf("%s has no working day of its own: %+v", plan.Phase, c.PhasePlan)
		case working > 0 && plan.Gate >= c.EndDate:
			t.Fatalf("the gate of %s lies behind the end: %+v", plan.Phase, c.PhasePlan)
		}
		next, gate = plan.End, plan.Gate
	}
	if next != c.EndDate || len(c.PhasePlan) == 0 {
		t.Fatalf("the phases end on %s, the cycle on %s", next, c.EndDate)
	}
	// Between the start and the last gate no working day is left without a phase of its own, and none follows the last gate.
	for day := gate.AddDays(1); working >= len(c.PhasePlan) && day < c.EndDate; day = day.AddDays(1) {
		if works(day) {
			t.Fatalf("%s is a working day behind the last gate: %+v", day, c.PhasePlan)
		}
	}
}

func TestGateDate(t *testing.T) {
	cycle, err := domain.NewCycle(domain.Cycle{}, office, "", "2026-06-08")
	must(t, err)
	cycle.Phase = domain.Do
	if got := cycle.GateDate(); got != "2026-06-17" {
		t.Errorf("the gate is on %s", got)
	}
	cycle.PhasePlan[1].Gate = "" // as cycles were stored before
	if got := cycle.GateDate(); got != cycle.PhasePlan[1].End {
		t.Errorf("the gate of an old plan is on %s", got)
	}
	if got := (&domain.Cycle{}).GateDate(); got != "" {
		t.Errorf("the gate without a plan is on %s", got)
	}
}

func TestExtend(t *testing.T) {
	for _, test := range []struct {
		name   string
		end    domain.Day
		today  domain.Day
		reason string
		want   string
	}{
		{"a week more in DO", "2026-06-29", "2026-06-16", "", "PLAN 06-08 06-09, DO 06-10 06-24, CHECK 06-25 06-25, ACT 06-26 06-26, 06-29"},
		{"one day more", "2026-06-23", "2026-06-11", "", "PLAN 06-08 06-09, DO 06-10 06-18, CHECK 06-19 06-19, ACT 06-20 06-22, 06-23"},
		{"twice as long", "2026-07-06", "2026-06-22", "", "PLAN 06-08 06-09, DO 06-10 07-01, CHECK 07-02 07-02, ACT 07-03 07-03, 07-06"},
		{"longer than that", "2026-07-07", "2026-06-16", "EXTENSION_OUT_OF_RANGE", ""},
		{"not later", "2026-06-22", "2026-06-16", "EXTENSION_OUT_OF_RANGE", ""},
		{"over already", "2026-06-25", "2026-06-25", "EXTENSION_OUT_OF_RANGE", ""},
		{"too late for any", "2026-07-07", "2026-07-06", "EXTENSION_OVER", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			cycle, err := domain.NewCycle(domain.Cycle{}, office, "", "2026-06-08")
			must(t, err)
			cycle.Phase = domain.Do
			events, err := cycle.Extend(test.end, "the test data came late", office, noon, test.today)
			checkReason(t, err, test.reason)
			if test.reason != "" {
				return
			}
			want := []domain.Extension{{Time: noon, From: "2026-06-22", To: test.end, Reason: "the test data came late"}}
			if got := planned(cycle); got != test.want || !slices.Equal(cycle.Extensions, want) || !slices.Equal(events, []domain.Event{domain.CycleExtended}) {
				t.Errorf("planned\n%s, want\n%s; %+v", got, test.want, cycle.Extensions)
			}
		})
	}
	_, err := (&domain.Cycle{State: domain.CycleDraft}).Extend("2026-06-29", "x", office, noon, "2026-06-16")
	checkReason(t, err, "CYCLE_NOT_RUNNING")
}
