package rpc_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// A step against another obstacle than the team's current one is asked about, with the current one by name.
func TestLockNamesTheCurrentObstacle(t *testing.T) {
	w := measured(t, db.SQLite)
	e := plan()
	e.Obstacle = parked
	w.draft("review-rota", e)
	_, err := w.lock(rota)
	f := wantFault(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE", "obstacle OBSTACLE_NOT_CURRENT")
	if !strings.Contains(f.Violations[0].Description, obstacle) {
		t.Errorf("the current one is not named: %s", f.Violations[0].Description)
	}
	w.cycles.current = parked
	ok[*experimentv1.Experiment](t)(w.lock(rota))
}

func TestARange(t *testing.T) {
	w := measured(t, db.SQLite)
	e := plan()
	e.Prediction.ExpectedUpperValue = new(25.0)
	_, err := w.client.CreateExperiment(w.member(), &experimentv1.CreateExperimentRequest{Parent: cycle, Experiment: e})
	wantFault(t, err, fault.InvalidArgument, "EXPERIMENT_INVALID", "experiment.prediction.expected_upper_value EXPECTED_RANGE_INVERTED")
	e.Prediction.ExpectedUpperValue = new(34.5)
	created := w.draft("review-rota", e)
	if s := created.GetPrediction().GetSentence(); !strings.Contains(s, "Review wait goes to between 30 and 34.5 h by") {
		t.Errorf("sentence %q", s)
	}
	w.wantImport(daily(42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46), 12, 0)
	ok[*experimentv1.Experiment](t)(w.lock(rota))
	ok[*experimentv1.Experiment](t)(w.start(rota))
	w.readings(24, 25, 24) // below the range: it moved, but not where it was expected
	if o := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, "")).GetOutcome(); o.GetVerdict() != experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED || !o.GetSurprise() {
		t.Errorf("outcome %v", o)
	}
}

// Both texts of a change are kept, the locked plan stays, and the outcome says that there was a deviation.
func TestAmendKeepsBothTexts(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		w.wantImport(daily(42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46), 12, 0)
		w.draft("review-rota", plan())
		locked := ok[*experimentv1.Experiment](t)(w.lock(rota))
		ok[*experimentv1.Experiment](t)(w.start(rota))
		w.readings(41)
		amended := ok[*experimentv1.Experiment](t)(w.client.AmendExperiment(w.member(), &experimentv1.AmendExperimentRequest{
			Name: rota, Text: "It moves less than we thought.", Changes: []*experimentv1.PlanChange{
				{Field: experimentv1.PlanField_PLAN_FIELD_EXPECTED_VALUE, Before: "ignored", After: "41.0"},
				{Field: experimentv1.PlanField_PLAN_FIELD_SAFE_TO_FAIL, After: "We stop at once."},
			},
		}))
		a := amended.GetAmendments()[0]
		if a.GetKind() != experimentv1.AmendmentKind_AMENDMENT_KIND_DEVIATION || len(a.GetChanges()) != 2 ||
			a.GetChanges()[0].GetBefore() != "30" || a.GetChanges()[0].GetAfter() != "41" || a.GetChanges()[1].GetBefore() != "We can go back any day." {
			t.Errorf("amendment %v", a)
		}
		if !proto.Equal(amended.GetPrediction(), locked.GetPrediction()) || amended.GetSafeToFail() != locked.GetSafeToFail() || amended.GetPlanHash() != locked.GetPlanHash() {
			t.Errorf("the locked plan changed: %v", amended)
		}
		if p := amended.GetAmendedPrediction(); p.GetExpectedValue() != 41 || p.GetChange() != locked.GetPrediction().GetChange() || !strings.Contains(p.GetSentence(), "goes to 41 h") {
			t.Errorf("amended prediction %v", p)
		}
		w.readings(40, 41, 40)
		o := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, "")).GetOutcome()
		if o.GetSuggestedVerdict() != experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED || o.GetDeviations() != 1 || o.GetAmendments() != 0 || o.GetVisibility().GetPower() < 0.8 {
			t.Errorf("outcome %v", o)
		}
	})
}

func TestAmendRefuses(t *testing.T) {
	w := running(t, db.SQLite)
	for name, c := range map[string]struct {
		change *experimentv1.PlanChange
		reason string
		want   string
	}{
		"no field":       {&experimentv1.PlanChange{After: "x"}, "VALIDATION_FAILED", "changes[0].field ENUM_NOT_IN"},
		"no number":      {&experimentv1.PlanChange{Field: experimentv1.PlanField_PLAN_FIELD_EXPECTED_VALUE, After: "less"}, "AMENDMENT_INVALID", "changes[0].after VALUE_INVALID"},
		"a day long ago": {&experimentv1.PlanChange{Field: experimentv1.PlanField_PLAN_FIELD_BY_DATE, After: "2026-01-01"}, "AMENDMENT_INVALID", "changes[0].after BY_DATE_PAST"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.client.AmendExperiment(w.member(), &experimentv1.AmendExperimentRequest{Name: rota, Text: "why", Changes: []*experimentv1.PlanChange{c.change}})
			wantFault(t, err, fault.InvalidArgument, c.reason, c.want)
			if got := w.get(rota); len(got.GetAmendments()) != 0 {
				t.Errorf("a refused amendment left %v", got.GetAmendments())
			}
		})
	}
}

func TestStartOnlyInDo(t *testing.T) {
	w := measured(t, db.SQLite)
	w.draft("review-rota", plan())
	ok[*experimentv1.Experiment](t)(w.lock(rota))
	for phase, remedy := range map[cyclev1.Phase]string{
		cyclev1.Phase_PHASE_PLAN: ":advance", cyclev1.Phase_PHASE_CHECK: "next cycle", cyclev1.Phase_PHASE_ACT: "next cycle",
	} {
		w.cycles.phase = phase
		_, err := w.start(rota)
		if f := wantFault(t, err, fault.FailedPrecondition, "CYCLE_NOT_IN_DO"); !strings.Contains(f.Message, remedy) || "PHASE_"+f.Metadata["phase"] != phase.String() {
			t.Errorf("in %v: %s %v", phase, f.Message, f.Metadata)
		}
	}
	w.cycles.states[cycle] = cyclev1.CycleState_CYCLE_STATE_FINISHED
	_, err := w.start(rota)
	wantFault(t, err, fault.FailedPrecondition, "CYCLE_NOT_ACTIVE")
	w.cycles.down = true
	_, err = w.start(rota)
	wantFault(t, err, fault.Unavailable, "DATABASE_BUSY")
	if got := w.get(rota); got.GetStartTime() != nil {
		t.Errorf("started all the same: %v", got)
	}
}

// A repeated request gets its first answer, whatever became of the cycle.
func TestStartOnce(t *testing.T) {
	w := measured(t, db.SQLite)
	w.draft("review-rota", plan())
	ok[*experimentv1.Experiment](t)(w.lock(rota))
	req := &experimentv1.StartExperimentRequest{Name: rota, RequestId: "k1"}
	first := ok[*experimentv1.Experiment](t)(w.client.StartExperiment(w.member(), req))
	w.cycles.phase, w.cycles.down = cyclev1.Phase_PHASE_CHECK, true
	if again := ok[*experimentv1.Experiment](t)(w.client.StartExperiment(w.member(), req)); !proto.Equal(first, again) {
		t.Errorf("answered %v, then %v", first, again)
	}
}

// A coach lets a second one run, and says why; nobody lets a third one run.
func TestASecondExperimentNeedsACoach(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		for _, id := range []string{"review-rota", "second", "third"} {
			w.draft(id, plan())
			ok[*experimentv1.Experiment](t)(w.lock(cycle + "/experiments/" + id))
		}
		ok[*experimentv1.Experiment](t)(w.start(rota))
		start := func(id, reason string, role caller.Role) (*experimentv1.Experiment, error) {
			ctx := w.as(callertest.User("mina", "payments", role))
			return w.client.StartExperiment(ctx, &experimentv1.StartExperimentRequest{Name: cycle + "/experiments/" + id, CoachReason: reason})
		}
		_, err := start("second", "", caller.Coach)
		wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_ALREADY_RUNNING")
		_, err = start("second", "They touch different steps.", caller.Member)
		wantFault(t, err, fault.PermissionDenied, "COACH_NEEDED")
		second := ok[*experimentv1.Experiment](t)(start("second", "They touch different steps.", caller.Coach))
		if second.GetCoachReason() != "They touch different steps." || second.GetState() != experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING {
			t.Errorf("second %v", second)
		}
		_, err = start("third", "Three are more than two.", caller.Coach)
		f := wantFault(t, err, fault.FailedPrecondition, "TWO_EXPERIMENTS_RUNNING")
		if !strings.Contains(f.Metadata["running"], rota) || !strings.Contains(f.Metadata["running"], "second") {
			t.Errorf("metadata %v", f.Metadata)
		}
	})
}

// The window chooses among the results, and the outcome keeps what was chosen.
func TestConcludeOverAWindow(t *testing.T) {
	w := running(t, db.SQLite)
	started := w.get(rota).GetStartTime()
	w.readings(60, 24, 26, 25)
	end := timestamppb.New(w.clock.Now().Add(time.Microsecond))
	from := timestamppb.New(w.clock.Now().Add(-2 * time.Hour))
	conclude := func(from, to *timestamppb.Timestamp) (*experimentv1.Experiment, error) {
		return w.client.ConcludeExperiment(w.member(), &experimentv1.ConcludeExperimentRequest{
			Name: rota, Happened: "It fell.", Learned: "The first day tells nothing.", WindowStart: from, WindowEnd: to,
		})
	}
	_, err := conclude(end, from)
	wantFault(t, err, fault.InvalidArgument, "WINDOW_INVALID", "window_end WINDOW_INVALID")
	_, err = conclude(&timestamppb.Timestamp{Seconds: 1 << 60}, nil)
	wantFault(t, err, fault.InvalidArgument, "TIME_INVALID", "window_start TIME_INVALID")
	_, err = conclude(nil, &timestamppb.Timestamp{Nanos: -1})
	wantFault(t, err, fault.InvalidArgument, "TIME_INVALID", "window_end TIME_INVALID")
	_, err = conclude(end, nil)
	wantFault(t, err, fault.FailedPrecondition, "WINDOW_EMPTY")
	_, err = conclude(timestamppb.New(started.AsTime().Add(-time.Microsecond)), nil)
	if f := wantFault(t, err, fault.InvalidArgument, "WINDOW_BEFORE_START", "window_start WINDOW_BEFORE_START"); !strings.Contains(f.Message, started.AsTime().Format(time.RFC3339)) {
		t.Errorf("the start is not named: %q", f.Message)
	}
	o := ok[*experimentv1.Experiment](t)(conclude(from, end)).GetOutcome()
	if o.GetActualValue() != 25 || o.GetReadings() != 3 || o.GetReadingsLeftOut() != 1 || !proto.Equal(o.GetWindowStart(), from) || !proto.Equal(o.GetWindowEnd(), end) ||
		!o.GetFirstReadingTime().AsTime().Equal(from.AsTime()) || !o.GetLastReadingTime().AsTime().Equal(w.clock.Now()) || o.GetLateReadings() != nil {
		t.Errorf("outcome %v", o)
	}
	again := running(t, db.SQLite)
	again.readings(24)
	if o := ok[*experimentv1.Experiment](t)(again.conclude(rota, 0, "")).GetOutcome(); !o.GetWindowStart().AsTime().Equal(started.AsTime()) ||
		!o.GetWindowEnd().AsTime().Equal(again.clock.Now().Add(time.Microsecond)) || o.GetWarnings() != nil {
		t.Errorf("outcome %v", o)
	}
}

// A value that is reached after the day of the plan is not as predicted.
func TestTooLate(t *testing.T) {
	w := running(t, db.SQLite)
	w.readings(41, 43)
	w.clock.add(12 * 24 * time.Hour)
	w.readings(24, 25)
	o := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, "")).GetOutcome()
	if o.GetSuggestedVerdict() != experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED || o.GetActualValue() != 42 || o.GetLateReadings().GetActualValue() != 24.5 ||
		o.GetLateReadings().GetReadings() != 2 || o.GetLateReadings().GetVerdict() != experimentv1.Verdict_VERDICT_AS_PREDICTED {
		t.Errorf("outcome %v", o)
	}
}
