package domain

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// quarterAfter lies in the quarter after all that is counted in these tests.
var quarterAfter = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

func TestTallyForecasts(t *testing.T) {
	counts := []ForecastCount{
		{"a", "2026-06", 0, "AS_PREDICTED", 4},
		{"a", "2026-06", 70, "AS_PREDICTED", 13},
		{"b", "2026-04", 70, "AS_PREDICTED", 1},
		{"c", "2026-05", 70, "NOT_AS_PREDICTED", 6},
		{"a", "2026-06", 70, "CANNOT_TELL", 3},
		{"d", "", 80, ForecastOpen, 2},
		{"a", "2026-06", 90, ForecastAbandoned, 1},
	}
	r := TallyForecasts(counts, true, quarterAfter)
	c := r.Calibration
	// 0.7 was said 20 times and came true 14 times: 0.7 x 0.3² + 0.3 x 0.7² = 0.21, all of it uncertainty.
	if r.Withheld != "" || r.Teams != 3 || r.Open != 0 || r.Through != "2026-12-31" || r.CannotTell != 3 || r.Abandoned != 1 || c.Count != 20 || math.Abs(c.Brier-0.21) > 1e-12 ||
		math.Abs(c.Reliability) > 1e-12 || math.Abs(c.Uncertainty-0.21) > 1e-12 || c.Verdict != AsOftenAsSaid || c.Verdict.Words() == "" {
		t.Errorf("%+v", r)
	}
	if r := TallyForecasts(counts[:3], true, quarterAfter); r.Withheld == "" || r.Open != 0 || r.Calibration.Count != 0 {
		t.Errorf("two teams: %+v", r)
	}
	if r := TallyForecasts(counts, false, quarterAfter); r.Withheld != "" || r.Open != 2 || r.Through != "" || r.Calibration.Count != 20 {
		t.Errorf("one team about itself: %+v", r)
	}
	if r := TallyForecasts(nil, false, quarterAfter); r.Calibration.Verdict != TooFew || r.Calibration.Verdict.Words() == "" {
		t.Errorf("nothing: %+v", r)
	}
}

// No difference of two periods tells about fewer than three teams: a quarter with fewer is in no number.
func TestNoDifferenceOfPeriodsTellsAboutFewTeams(t *testing.T) {
	spring := []ForecastCount{{"a", "2026-04", 70, "AS_PREDICTED", 5}, {"b", "2026-05", 70, "AS_PREDICTED", 5}, {"c", "2026-06", 70, "NOT_AS_PREDICTED", 5}}
	summer := []ForecastCount{{"a", "2026-07", 95, "NOT_AS_PREDICTED", 1}, {"b", "2026-09", 70, "AS_PREDICTED", 1}, {"c", "2026-08", 70, "CANNOT_TELL", 1}}
	autumn := []ForecastCount{{"a", "2026-10", 70, "AS_PREDICTED", 1}, {"b", "2026-12", 70, "AS_PREDICTED", 1}, {"d", "2026-11", 70, "AS_PREDICTED", 1}}
	for name, c := range map[string]struct {
		counts       []ForecastCount
		count, teams int
	}{
		"spring":      {spring, 15, 3},
		"summer":      {summer, 0, 0},
		"to summer":   {slices.Concat(spring, summer), 15, 3},
		"autumn":      {autumn, 3, 3},
		"from summer": {slices.Concat(summer, autumn), 3, 3},
		"all":         {slices.Concat(spring, summer, autumn), 18, 4},
		// Three teams in two quarters, with two in each: neither is told, whatever the sum is.
		"spread": {[]ForecastCount{{"a", "2026-03", 70, "AS_PREDICTED", 1}, {"b", "2026-03", 70, "AS_PREDICTED", 1}, {"c", "2026-04", 70, "AS_PREDICTED", 1}, {"a", "2026-04", 70, "AS_PREDICTED", 1}}, 0, 0},
	} {
		r := TallyForecasts(c.counts, true, quarterAfter)
		if r.Calibration.Count != c.count || r.Teams != c.teams || (r.Withheld != "") != (c.count == 0) || r.CannotTell != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Who asks for the organisation's numbers day after day sees nothing of what single teams do on a day: a quarter is told once it is over.
func TestTheRunningQuarterIsNotTold(t *testing.T) {
	spring := []ForecastCount{{"a", "2026-04", 70, "AS_PREDICTED", 5}, {"b", "2026-05", 70, "AS_PREDICTED", 5}, {"c", "2026-06", 70, "NOT_AS_PREDICTED", 5}}
	summer := []ForecastCount{
		{"a", "2026-07", 95, "NOT_AS_PREDICTED", 1},
		{"b", "2026-08", 70, "AS_PREDICTED", 1},
		{"c", "2026-09", 70, "AS_PREDICTED", 1},
		{"a", "2026-07", 95, ForecastAbandoned, 1},
		{"a", "2026-07", 95, ForecastState(CannotTell), 1},
		{"d", "", 80, ForecastOpen, 1},
	}
	all := slices.Concat(spring, summer)
	for day, want := range map[string]struct {
		count   int
		through string
	}{
		"2026-06-30": {0, "2026-03-31"}, "2026-07-01": {15, "2026-06-30"}, "2026-08-15": {15, "2026-06-30"}, "2026-09-30": {15, "2026-06-30"}, "2026-10-01": {18, "2026-09-30"},
	} {
		at, err := time.Parse(dayLayout, day)
		if err != nil {
			t.Fatal(err)
		}
		r := TallyForecasts(all, true, at.Add(24*time.Hour-time.Second))
		if r.Calibration.Count != want.count || r.Through != want.through || r.Open != 0 || (r.Withheld == "") != (want.count > 0) {
			t.Errorf("on %s %+v", day, r)
		}
		if day < "2026-10-01" && day > "2026-06-30" {
			if without := TallyForecasts(spring, true, at); !reflect.DeepEqual(r, without) {
				t.Errorf("on %s the summer has made %+v of %+v", day, r, without)
			}
		}
	}
}

func TestForecastState(t *testing.T) {
	for state, want := range map[State]ForecastState{Draft: "", Running: ForecastOpen, Concluded: "AS_PREDICTED", Abandoned: ForecastAbandoned} {
		e := stateAt(t, state)
		if state == Abandoned && !e.Locked() {
			if e.ForecastState() != "" {
				t.Error("an abandoned draft predicted nothing")
			}
			e.LockTime = monday
		}
		if got := e.ForecastState(); state != Draft && got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
	if got := planned().ForecastState(); got != "" {
		t.Errorf("not locked: %q", got)
	}
}

func TestSpanCheck(t *testing.T) {
	for _, good := range []Span{{}, {"2026-01-01", ""}, {"", "2026-01-01"}, {"2026-01-01", "2026-01-01"}} {
		if err := good.Check(false); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	wantProblems(t, Span{"2026-02-30", "2026-13-01"}.Check(false), fault.InvalidArgument, "PERIOD_INVALID", "start_date DAY_INVALID", "end_date DAY_INVALID")
	wantProblems(t, Span{"2026-02-02", "2026-02-01"}.Check(false), fault.InvalidArgument, "PERIOD_INVALID", "start_date PERIOD_BACKWARDS")
	for _, good := range []Span{{}, {"2026-01-01", ""}, {"", "2026-03-31"}, {"2026-04-01", "2026-06-30"}, {"2025-10-01", "2026-09-30"}} {
		if err := good.Check(true); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	wantProblems(t, Span{"2026-02-01", "2026-03-30"}.Check(true), fault.InvalidArgument, "PERIOD_INVALID", "start_date PERIOD_NOT_QUARTERS", "end_date PERIOD_NOT_QUARTERS")
	wantProblems(t, Span{"2026-01-02", "2026-02-28"}.Check(true), fault.InvalidArgument, "PERIOD_INVALID", "start_date PERIOD_NOT_QUARTERS", "end_date PERIOD_NOT_QUARTERS")
	wantProblems(t, Span{"2026-07-01", "2026-06-30"}.Check(true), fault.InvalidArgument, "PERIOD_INVALID", "start_date PERIOD_BACKWARDS")
}
