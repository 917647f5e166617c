package wire

import (
	"testing"
	"time"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// fullHoldCheck and fullGameDay have a value for every field.
func fullHoldCheck(at time.Time) domain.HoldCheck {
	j := domain.JudgedHold{
		HoldJudgement: domain.HoldJudgement{
			Result: domain.Held, Reason: domain.HoldGainShows, Readings: 3, FirstReading: at, LastReading: at, Mean: 1, Kept: new(0.5), Old: fullLimits(), Level: 2,
		},
		JudgeTime: at, AgainReason: "a",
	}
	return domain.HoldCheck{DueDate: "2026-06-26", Weeks: 2, Judgement: &j, Earlier: []domain.JudgedHold{j}}
}

func fullGameDay(at time.Time) *domain.GameDay {
	activity := domain.JournalActivity{Name: "n", Type: "probe", Status: "failed", Exception: "ValueError", Start: at, Seconds: new(1.0), ToleranceMet: new(false)}
	state := &domain.SteadyStateResult{Met: new(true), Probes: []domain.JournalActivity{activity}}
	return &domain.GameDay{
		SteadyState: domain.SteadyState{Hypothesis: "h", Probe: "p", Lower: new(1.0), Upper: new(2.0)}, Prediction: domain.Breaks,
		Method: "m", BlastRadius: "b", AbortCondition: "a", Rollback: "r",
		Journal: &domain.Journal{
			Status: "failed", Deviated: true, DryRun: true, Version: "1.44.0", Start: at, End: at, Seconds: new(1.0), Before: state, After: state,
			During: 2, DuringUnmet: 1, Activities: []domain.JournalActivity{activity}, Rollbacks: []domain.JournalActivity{activity},
			Suggested: domain.AsPredicted, Reason: "r", Weakness: true, ImportTime: at, BeforeLock: true, Replaced: 1,
		},
	}
}

// What a client sends as the plan of a game day is what it reads again.
func TestGameDayFrom(t *testing.T) {
	want := fullGameDay(time.Unix(0, 0))
	want.Journal = nil
	got := GameDayFrom(gameDay(want))
	if got.Method != want.Method || got.BlastRadius != want.BlastRadius || got.AbortCondition != want.AbortCondition || got.Rollback != want.Rollback ||
		got.Prediction != want.Prediction || got.SteadyState.Hypothesis != "h" || got.SteadyState.Probe != "p" || *got.SteadyState.Lower != 1 || *got.SteadyState.Upper != 2 {
		t.Errorf("%+v", got)
	}
	if GameDayFrom(nil) != nil || gameDay(nil) != nil {
		t.Error("no game day became one")
	}
	if g := GameDayFrom(&pb.GameDay{}); g == nil || g.Prediction != "" {
		t.Errorf("an empty one: %+v", g)
	}
}

// A pending check, a withheld summary and a withheld calibration tell nothing.
func TestNothingIsTold(t *testing.T) {
	if h := HoldCheck(&domain.HoldCheck{DueDate: "2026-06-26", Weeks: 2}); h.GetState() != pb.HoldCheckState_HOLD_CHECK_STATE_PENDING || h.GetJudgement() != nil {
		t.Errorf("pending %v", h)
	}
	j := &domain.JudgedHold{HoldJudgement: domain.HoldJudgement{Result: domain.HoldCannotTell, Reason: domain.HoldNoReadings}}
	if h := HoldCheck(&domain.HoldCheck{Judgement: j}).GetJudgement(); h.ActualValue != nil || h.AdoptedValue != nil || h.KeptShare != nil || h.GetLimits() != nil {
		t.Errorf("without readings %v", h)
	}
	if s := HoldCheckSummary(domain.HoldCheckSummary{Withheld: "few"}, true); s.GetWithheldReason() != "few" || s.TeamCount != nil || s.JudgedCount != nil || s.DueCount != nil || s.GetHalfLife() != nil {
		t.Errorf("summary %v", s)
	}
	if c := Calibration("n", domain.PredictionRecord{Withheld: "few"}, true); c.GetWithheldReason() != "few" || c.TeamCount != nil || c.ResolvedCount != nil || c.OpenCount != nil || c.GetVerdict() != 0 {
		t.Errorf("calibration %v", c)
	}
}
