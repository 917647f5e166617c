package domain_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// office is a team that works Monday to Friday and begins its two-week cycles on Mondays.
var office = domain.TeamSettings{
	TimeZone: "Europe/Berlin", CycleDays: 14, WorkingDays: []domain.Weekday{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"}, Cadence: "MONDAY",
}

func TestNewCycleLastsCalendarDays(t *testing.T) {
	tests := []struct {
		start, end domain.Day
		days       int
	}{
		{"2026-03-23", "2026-04-06", 14}, // across the change to summer time in Europe
		{"2028-02-21", "2028-03-06", 14}, // leap year
		{"2026-12-28", "2027-01-11", 14},
		{"2026-06-08", "2026-06-15", 7},
	}
	for _, test := range tests {
		team := office
		team.CycleDays = test.days
		cycle, err := domain.NewCycle(domain.Cycle{StartDate: test.start}, team, "", test.start)
		if err != nil {
			t.Fatal(err)
		}
		if cycle.EndDate != test.end || cycle.Phase != domain.Plan || cycle.State != domain.CycleActive || cycle.TimeZone != "Europe/Berlin" {
			t.Errorf("from %s for %d days: %+v", test.start, test.days, cycle)
		}
	}
}

func TestStartIsTodayOrInReach(t *testing.T) {
	const today = "2026-06-08"
	for start, want := range map[domain.Day]string{
		"": "", "2025-06-07": "", "2025-06-06": "START_OUT_OF_RANGE", "2027-06-09": "", "2027-06-10": "START_OUT_OF_RANGE", "0001-01-01": "START_OUT_OF_RANGE",
	} {
		cycle, err := domain.NewCycle(domain.Cycle{StartDate: start}, office, "", today)
		checkReason(t, err, want)
		if start == "" && cycle.StartDate != today {
			t.Errorf("starts on %s", cycle.StartDate)
		}
		if start == "" {
			continue
		}
		draft, err := domain.NewDraft("c", "2026-06-15", domain.CarryOver{}, "", office)
		must(t, err)
		checkReason(t, draft.StartOn(start, office, today), want)
		_, err = draft.Start(start, "", "", office, today)
		checkReason(t, err, want)
	}
}

func TestStartOnKeepsTheLength(t *testing.T) {
	cycle, err := domain.NewCycle(domain.Cycle{StartDate: "2026-03-23"}, office, "", "2026-03-23")
	must(t, err)
	shorter := office
	shorter.CycleDays = 7
	must(t, cycle.StartOn("2026-12-28", shorter, "2026-03-23"))
	if cycle.StartDate != "2026-12-28" || cycle.EndDate != "2027-01-11" || cycle.PhasePlan[0].Start != "2026-12-28" || cycle.PhasePlan[3].End != "2027-01-11" {
		t.Errorf("moved: %+v", cycle)
	}
	before := *cycle
	must(t, cycle.StartOn("2026-12-28", domain.TeamSettings{}, "2020-01-01")) // it is there already
	if !reflect.DeepEqual(*cycle, before) {
		t.Errorf("moved to where it was: %+v", cycle)
	}
}

func TestOneRunningCycle(t *testing.T) {
	_, err := domain.NewCycle(domain.Cycle{StartDate: "2026-06-08"}, office, "teams/payments/cycles/2026-w22", "2026-06-08")
	if f := fault.From(err); f.Reason != "CYCLE_ALREADY_RUNNING" || f.Metadata["cycle"] != "teams/payments/cycles/2026-w22" {
		t.Errorf("got %v", err)
	}
}

func TestTodayIsTheTeamsDay(t *testing.T) {
	late := time.Date(2026, 6, 7, 23, 30, 0, 0, time.UTC)
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	if got := domain.Today(late, auckland); got != "2026-06-08" {
		t.Errorf("in Auckland: %s", got)
	}
	if got := domain.Today(late, time.UTC); got != "2026-06-07" {
		t.Errorf("in UTC: %s", got)
	}
}

func TestParseDay(t *testing.T) {
	for day, good := range map[string]bool{
		"2026-02-28": true, "2028-02-29": true, "2026-02-29": false, "2026-13-01": false, "26-01-01": false, "": false,
		"1970-01-01": true, "1969-12-31": false, "0000-01-01": false, "9998-12-31": true, "9999-01-01": false,
	} {
		got, err := domain.ParseDay("cycle.start_date", day)
		if good && (err != nil || got != domain.Day(day)) || !good && (err == nil || fault.From(err).Reason != "DAY_INVALID") {
			t.Errorf("%q: %q, %v", day, got, err)
		}
	}
}

func TestEditOnlyInPlan(t *testing.T) {
	for _, phase := range []domain.Phase{domain.Plan, domain.Do, domain.Check, domain.Act} {
		cycle, _ := complete(phase)
		_, err := cycle.Edit(func(c *domain.Cycle) error { c.DisplayName = "new"; return nil })
		want := "PLAN_PHASE_OVER"
		if phase == domain.Plan {
			want = ""
		}
		checkReason(t, err, want)
		if (cycle.DisplayName == "new") != (phase == domain.Plan) {
			t.Errorf("in %s the name became %q", phase, cycle.DisplayName)
		}
	}
}

// A random walk over all verbs never passes a gate with unmet criteria, never leaves an ended cycle, and records one
// event for each change and none for a refusal.
func TestCycleStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cycle, _ := complete(domain.Plan)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			before := *cycle
			passes := len(cycle.GatePasses)
			_, evidence := complete(cycle.Phase)
			evidence.OpenAndons = nil
			if rapid.Bool().Draw(t, "andon") {
				evidence.OpenAndons = []string{"andon"}
			}
			coach := rapid.Bool().Draw(t, "coach")
			reason := rapid.SampledFrom([]string{"", "because"}).Draw(t, "reason")
			var events []domain.Event
			var err error
			switch rapid.SampledFrom([]string{"advance", "cancel", "edit"}).Draw(t, "verb") {
			case "advance":
				events, err = cycle.Advance(evidence, "", reason, coach, noon)
				if err == nil && len(evidence.OpenAndons) > 0 {
					t.Fatalf("passed over an open andon: %+v", cycle)
				}
			case "cancel":
				events, err = cycle.Cancel("because")
			case "edit":
				events, err = cycle.Edit(func(c *domain.Cycle) error { c.DisplayName += "x"; return nil })
			}
			if (err == nil) != (len(events) == 1) {
				t.Fatalf("events %v with error %v", events, err)
			}
			if before.State != domain.CycleActive && err == nil {
				t.Fatalf("an ended cycle moved: %+v", cycle)
			}
			if err != nil && (cycle.Phase != before.Phase || cycle.State != before.State || len(cycle.GatePasses) != passes) {
				t.Fatalf("a refusal changed the cycle: %+v", cycle)
			}
		}
	})
}

func TestAndon(t *testing.T) {
	cycle, _ := complete(domain.Do)
	andon, err := domain.NewAndon("a", "the build is red", "", cycle)
	if err != nil {
		t.Fatal(err)
	}
	mustEvents(t, domain.AndonCountered)(andon.Resolve("reverted"))
	_, err = andon.Resolve("again")
	checkReason(t, err, "ANDON_RESOLVED")
	cycle.State = domain.CycleDone
	_, err = domain.NewAndon("b", "late", "", cycle)
	checkReason(t, err, "CYCLE_NOT_RUNNING")
}

func mustEvents(t *testing.T, want ...domain.Event) func([]domain.Event, error) {
	return func(got []domain.Event, err error) {
		t.Helper()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("events %v, error %v; want %v", got, err, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func checkReason(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && (err == nil || fault.From(err).Reason != want):
		t.Errorf("got %v, want %s", err, want)
	}
}
