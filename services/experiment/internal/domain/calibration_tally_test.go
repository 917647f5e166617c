package domain

import (
	"math"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestTallyForecasts(t *testing.T) {
	counts := []ForecastCount{
		{0, "AS_PREDICTED", 4}, {70, "AS_PREDICTED", 14}, {70, "NOT_AS_PREDICTED", 6}, {70, "CANNOT_TELL", 3}, {80, ForecastOpen, 2}, {90, ForecastAbandoned, 1},
	}
	r := TallyForecasts(counts, 3, true)
	c := r.Calibration
	// 0.7 was said 20 times and came true 14 times: 0.7 x 0.3² + 0.3 x 0.7² = 0.21, all of it uncertainty.
	if r.Withheld != "" || r.Teams != 3 || r.Open != 2 || r.CannotTell != 3 || r.Abandoned != 1 || c.Count != 20 || math.Abs(c.Brier-0.21) > 1e-12 ||
		math.Abs(c.Reliability) > 1e-12 || math.Abs(c.Uncertainty-0.21) > 1e-12 || c.Verdict != AsOftenAsSaid || c.Verdict.Words() == "" {
		t.Errorf("%+v", r)
	}
	if r := TallyForecasts(counts, 2, true); r.Withheld == "" || r.Open != 0 || r.Calibration.Count != 0 {
		t.Errorf("two teams: %+v", r)
	}
	if r := TallyForecasts(counts, 1, false); r.Withheld != "" || r.Calibration.Count != 20 {
		t.Errorf("one team about itself: %+v", r)
	}
	if r := TallyForecasts(nil, 0, false); r.Calibration.Verdict != TooFew || r.Calibration.Verdict.Words() == "" {
		t.Errorf("nothing: %+v", r)
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
		if err := good.Check(); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	wantProblems(t, Span{"2026-02-30", "2026-13-01"}.Check(), fault.InvalidArgument, "PERIOD_INVALID", "start_date DAY_INVALID", "end_date DAY_INVALID")
	wantProblems(t, Span{"2026-02-02", "2026-02-01"}.Check(), fault.InvalidArgument, "PERIOD_INVALID", "start_date PERIOD_BACKWARDS")
}
