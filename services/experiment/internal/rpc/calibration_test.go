package rpc_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// predicted gives a team locked predictions of 70 % that ended with the verdicts.
func (w *world) predicted(team string, verdicts ...domain.Verdict) {
	w.t.Helper()
	err := w.log.Do(w.t.Context(), func(tx *eventlog.Tx) error {
		for i, v := range verdicts {
			e := &domain.Experiment{
				Name: fmt.Sprintf("teams/%s/cycles/c/experiments/e%d", team, i), DisplayName: "Rota", TimeZone: "UTC", LockTime: tx.Now(),
				State: domain.Concluded, Prediction: domain.Prediction{ConfidencePercent: 70}, Outcome: &domain.Outcome{Verdict: v, ConcludeTime: tx.Now()},
			}
			if _, err := store.Experiments.Create(tx, e, domain.EventConcluded); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// stranger is signed in and in no team.
func (w *world) stranger() context.Context {
	return w.as(callertest.User("otto", "elsewhere", caller.Member))
}

func (w *world) calibration(ctx context.Context, req *experimentv1.GetCalibrationRequest) *experimentv1.Calibration {
	w.t.Helper()
	return ok[*experimentv1.Calibration](w.t)(w.client.GetCalibration(ctx, req))
}

func TestCalibration(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		own, all := &experimentv1.GetCalibrationRequest{Name: team + "/calibration"}, &experimentv1.GetCalibrationRequest{Name: "organization/calibration"}
		if c := w.calibration(w.member(), own); c.GetResolvedCount() != 0 || c.BrierScore != nil || c.GetVerdict() != experimentv1.CalibrationVerdict_CALIBRATION_VERDICT_TOO_FEW || c.GetVerdictReason() == "" {
			t.Errorf("nothing predicted: %v", c)
		}
		yes, no := domain.AsPredicted, domain.NotAsPredicted
		w.predicted("payments", yes, yes, yes, yes, yes, no, no, no, no, no, domain.CannotTell)
		c := w.calibration(w.member(), own)
		// 0.7 was said ten times and came true five times: (5 x 0.3² + 5 x 0.7²) / 10 = 0.29 = 0.2² - 0 + 0.5².
		if c.GetName() != own.GetName() || c.GetResolvedCount() != 10 || c.GetCannotTellCount() != 1 || c.TeamCount != nil || len(c.GetSteps()) != 1 ||
			math.Abs(c.GetBrierScore()-0.29) > 1e-12 || math.Abs(c.GetReliability()-0.04) > 1e-12 || c.Resolution == nil || c.GetUncertainty() != 0.25 || c.GetBaseRate() != 0.5 {
			t.Errorf("own: %v", c)
		}
		if s := c.GetSteps()[0]; s.GetConfidencePercent() != 70 || s.GetResolvedCount() != 10 || s.GetCameTrueCount() != 5 || s.GetShare() != 0.5 {
			t.Errorf("step %v", s)
		}
		if c.OpenCount == nil || c.GetEndDate() != "" {
			t.Errorf("own: %v", c)
		}
		w.predicted("search", yes)
		w.predicted("legal", domain.CannotTell)
		if c := w.calibration(w.stranger(), all); c.GetWithheldReason() == "" || c.GetResolvedCount() != 0 || c.GetCannotTellCount() != 0 || c.TeamCount != nil || len(c.GetSteps()) != 0 || c.BrierScore != nil {
			t.Errorf("two teams resolved something: %v", c)
		}
		w.predicted("data", yes, yes, yes, yes, yes, yes, yes, yes, yes)
		if c := w.calibration(w.stranger(), all); c.GetWithheldReason() == "" || c.GetEndDate() != "2026-03-31" {
			t.Errorf("the quarter is running: %v", c)
		}
		w.clock.add(30 * 24 * time.Hour) // into July
		c = w.calibration(w.stranger(), all)
		if c.GetWithheldReason() != "" || c.GetEndDate() != "2026-06-30" || c.OpenCount != nil || c.GetTeamCount() != 3 || c.GetResolvedCount() != 20 || c.GetCannotTellCount() != 2 ||
			c.GetVerdict() != experimentv1.CalibrationVerdict_CALIBRATION_VERDICT_AS_OFTEN_AS_SAID {
			t.Errorf("three teams: %v", c)
		}
		all.EndDate = "2026-03-31"
		if c := w.calibration(w.stranger(), all); c.GetWithheldReason() == "" {
			t.Errorf("before anything was concluded: %v", c)
		}
		all.StartDate, all.EndDate = "2026-04-01", "2026-06-30"
		if c := w.calibration(w.stranger(), all); c.GetResolvedCount() != 20 {
			t.Errorf("in the quarter: %v", c)
		}
	})
}

// What comes of an experiment is counted at once, as the verbs go.
func TestCalibrationFollowsTheVerbs(t *testing.T) {
	w := running(t, db.SQLite)
	req := &experimentv1.GetCalibrationRequest{Name: team + "/calibration"}
	if c := w.calibration(w.member(), req); c.GetOpenCount() != 1 || c.GetResolvedCount() != 0 {
		t.Errorf("running: %v", c)
	}
	w.readings(24, 25, 23)
	ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, ""))
	if c := w.calibration(w.member(), req); c.GetOpenCount() != 0 || c.GetResolvedCount() != 1 || c.GetSteps()[0].GetConfidencePercent() != 70 {
		t.Errorf("concluded: %v", c)
	}
	w.clock.add(time.Hour)
	w.draft("second", plan())
	ok[*experimentv1.Experiment](t)(w.abandon(cycle+"/experiments/second", "no use"))
	if c := w.calibration(w.member(), req); c.GetAbandonedCount() != 0 {
		t.Errorf("a draft predicted nothing: %v", c)
	}
}

func TestCalibrationRefuses(t *testing.T) {
	w := newWorld(t, db.SQLite)
	get := func(ctx context.Context, name, start, end string) error {
		_, err := w.client.GetCalibration(ctx, &experimentv1.GetCalibrationRequest{Name: name, StartDate: start, EndDate: end})
		return err
	}
	wantFault(t, get(w.stranger(), team+"/calibration", "", ""), fault.PermissionDenied, "PERMISSION_DENIED")
	wantFault(t, get(context.Background(), "organization/calibration", "", ""), fault.Unauthenticated, "UNAUTHENTICATED")
	wantFault(t, get(w.member(), team+"/members/mina/calibration", "", ""), fault.InvalidArgument, "NAME_INVALID", "name NAME_INVALID")
	wantFault(t, get(w.member(), "organization/other", "", ""), fault.InvalidArgument, "NAME_INVALID", "name NAME_INVALID")
	wantFault(t, get(w.member(), "organization/calibration", "2026-06-01", "2026-06-29"), fault.InvalidArgument, "PERIOD_INVALID", "start_date PERIOD_NOT_QUARTERS", "end_date PERIOD_NOT_QUARTERS")
	wantFault(t, get(w.member(), team+"/calibration", "2026-02-30", ""), fault.InvalidArgument, "PERIOD_INVALID", "start_date DAY_INVALID")
	wantFault(t, get(w.member(), team+"/calibration", "2026-02-02", "2026-02-01"), fault.InvalidArgument, "PERIOD_INVALID", "start_date PERIOD_BACKWARDS")
}
