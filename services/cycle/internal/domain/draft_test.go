package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestNextStartIsOnCadence(t *testing.T) {
	for _, test := range []struct {
		end, today domain.Day
		cadence    domain.Weekday
		want       domain.Day
	}{
		{"2026-06-22", "2026-06-19", "MONDAY", "2026-06-22"}, // on the end date
		{"2026-06-22", "2026-06-22", "MONDAY", "2026-06-29"}, // but after today
		{"2026-06-22", "2026-06-25", "MONDAY", "2026-06-29"}, // a cycle that ended late
		{"2026-06-22", "2026-06-19", "SUNDAY", "2026-06-28"}, // the farthest
		{"2026-06-22", "2026-06-19", "WEDNESDAY", "2026-06-24"},
		{"2026-06-22", "2026-06-19", "", "2026-06-22"},
		{"2026-06-22", "2026-06-30", "", "2026-07-01"},
	} {
		team := office
		team.Cadence = test.cadence
		if got := (&domain.Cycle{EndDate: test.end}).NextStart(team, test.today); got != test.want {
			t.Errorf("after %s, on %s, with %q: %s, want %s", test.end, test.today, test.cadence, got, test.want)
		}
	}
}

func TestWeek(t *testing.T) {
	for day, want := range map[domain.Day]string{
		"2026-06-08": "2026-w24", "2026-01-05": "2026-w02", "2027-01-03": "2026-w53", "2024-12-30": "2025-w01", "2026-11-30": "2026-w49", "nonsense": "",
	} {
		if got := day.Week(); got != want {
			t.Errorf("%s is in %s, want %s", day, got, want)
		}
	}
}

func TestLeaveBehind(t *testing.T) {
	cycle := &domain.Cycle{Name: whole, TargetCondition: "next"}
	for active, want := range map[string]string{"next": "next", "another": "", "": ""} {
		got := cycle.LeaveBehind(active, []string{"current", "parked"}, []string{"ask"})
		if !reflect.DeepEqual(got, domain.CarryOver{Cycle: whole, TargetCondition: want, Obstacles: []string{"current", "parked"}, OpenActions: []string{"ask"}}) {
			t.Errorf("with %q active: %+v", active, got)
		}
	}
}

func TestDraft(t *testing.T) {
	carry := domain.CarryOver{Cycle: "before", Obstacles: []string{"queue"}}
	draft, err := domain.NewDraft("next", "2026-06-22", carry, "target", office)
	must(t, err)
	if draft.State != domain.CycleDraft || draft.Phase != domain.Plan || draft.EndDate != "2026-07-06" || draft.TargetCondition != "target" ||
		!reflect.DeepEqual(*draft.CarryOver, carry) || draft.CurrentCondition != nil || draft.ValueStreamFocus != nil || len(draft.PhasePlan) != 4 {
		t.Errorf("drafted %+v", draft)
	}
	mustEvents(t, domain.CycleUpdated)(draft.Edit(func(c *domain.Cycle) error { c.DisplayName = "Same-day reviews"; return nil }))

	later := domain.CarryOver{Cycle: "another"}
	mustEvents(t, domain.CycleDrafted)(draft.Redraft("2026-07-06", later, "", office))
	if draft.StartDate != "2026-07-06" || draft.CarryOver.Cycle != "another" || draft.DisplayName != "Same-day reviews" || draft.TargetCondition != "target" {
		t.Errorf("planned anew: %+v", draft)
	}
	_, err = draft.Advance(domain.Evidence{Phase: domain.Plan}, domain.Plan, "go", true, noon)
	checkReason(t, err, "CYCLE_NOT_RUNNING")
	_, err = domain.NewAndon("a", "red", "", draft)
	checkReason(t, err, "CYCLE_NOT_RUNNING")
}

func TestStart(t *testing.T) {
	for _, test := range []struct {
		name               string
		given, today, want domain.Day
	}{
		{"as drafted", "", "2026-06-20", "2026-06-22"},
		{"on the drafted day", "", "2026-06-22", "2026-06-22"},
		{"the drafted day is over", "", "2026-06-24", "2026-06-24"},
		{"another day", "2026-06-25", "2026-06-20", "2026-06-25"},
		{"a day before", "2026-06-19", "2026-06-20", "2026-06-19"},
	} {
		t.Run(test.name, func(t *testing.T) {
			draft, err := domain.NewDraft("next", "2026-06-22", domain.CarryOver{Cycle: "before"}, "old", office)
			must(t, err)
			team := office
			team.CycleDays, team.TimeZone = 7, "Asia/Tokyo" // as they are when it starts
			mustEvents(t, domain.CycleStarted)(draft.Start(test.given, "", "new", team, test.today))
			if draft.StartDate != test.want || draft.EndDate != test.want.AddDays(7) || draft.State != domain.CycleActive || draft.Phase != domain.Plan ||
				draft.TargetCondition != "new" || draft.TimeZone != "Asia/Tokyo" || draft.PhasePlan[0].Start != test.want || draft.CarryOver.Cycle != "before" {
				t.Errorf("started %+v", draft)
			}
		})
	}
	draft, err := domain.NewDraft("next", "2026-06-22", domain.CarryOver{}, "", office)
	must(t, err)
	_, err = draft.Start("", "running", "", office, "2026-06-22")
	checkReason(t, err, "CYCLE_ALREADY_RUNNING")
	mustEvents(t, domain.CycleCancelled)(draft.Cancel("not now"))
	for _, state := range []domain.CycleState{domain.CycleActive, domain.CycleDone, domain.CycleStopped} {
		draft.State = state
		_, err = draft.Start("", "", "", office, "2026-06-22")
		checkReason(t, err, "CYCLE_NOT_DRAFT")
		_, err = draft.Redraft("2026-06-22", domain.CarryOver{}, "", office)
		checkReason(t, err, "CYCLE_NOT_DRAFT")
	}
}

func TestCancelWaitsForRunningExperiments(t *testing.T) {
	cycle, _ := complete(domain.Do)
	_, err := cycle.Cancel("out of time", "a", "b")
	checkReason(t, err, "EXPERIMENT_STILL_RUNNING")
	if f := fault.From(err); len(f.Violations) != 2 || f.Violations[1].Link != "/v1/b" || cycle.State != domain.CycleActive {
		t.Errorf("refused with %+v, the cycle is %s", f, cycle.State)
	}
	events, err := cycle.Cancel("out of time")
	if err != nil || !slices.Equal(events, []domain.Event{domain.CycleCancelled}) || cycle.CancelReason != "out of time" {
		t.Errorf("%v, %v, %+v", events, err, cycle)
	}
	_, err = cycle.Cancel("again")
	checkReason(t, err, "CYCLE_NOT_RUNNING")
}
