package cycle_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// leap takes the cycle through all its gates, which a coach passes.
func (w *world) leap(t *testing.T, name string) *cyclev1.Cycle {
	t.Helper()
	var c *cyclev1.Cycle
	for _, phase := range []cyclev1.Phase{cyclev1.Phase_PHASE_PLAN, cyclev1.Phase_PHASE_DO, cyclev1.Phase_PHASE_CHECK, cyclev1.Phase_PHASE_ACT} {
		var err error
		c, err = w.cycles.AdvanceCycle(w.coach(), &cyclev1.AdvanceCycleRequest{Name: name, Phase: phase, CoachReason: "on"})
		must(t, err)
	}
	return c
}

// drafts are the team's drafted cycles.
func (w *world) drafts(t *testing.T) []*cyclev1.Cycle {
	t.Helper()
	list, err := w.cycles.ListCycles(w.member(), &cyclev1.ListCyclesRequest{
		Parent: team, States: []cyclev1.CycleState{cyclev1.CycleState_CYCLE_STATE_DRAFT},
	})
	must(t, err)
	return list.GetCycles()
}

func TestAFinishedCycleDraftsTheNext(t *testing.T) {
	w := newWorld(t)
	w.park(t, "zone")
	started := w.begin(t)
	w.park(t, "alarm")
	w.mu.Lock()
	w.actions = []*retrospectivev1.Action{
		{Name: team + "/cycles/2025-w50/retrospective/actions/old", State: retrospectivev1.ActionState_ACTION_STATE_OPEN},
		{Name: first + "/retrospective/actions/ask", State: retrospectivev1.ActionState_ACTION_STATE_OPEN},
		{Name: first + "/retrospective/actions/done", State: retrospectivev1.ActionState_ACTION_STATE_DONE},
		{Name: first + "/retrospective/actions/dropped", State: retrospectivev1.ActionState_ACTION_STATE_DROPPED},
		{Name: first + "/retrospective/actions/wiki", State: retrospectivev1.ActionState_ACTION_STATE_OPEN},
	}
	w.mu.Unlock()
	if len(w.drafts(t)) != 0 {
		t.Error("drafted before the end")
	}
	w.leap(t, first)
	drafts := w.drafts(t)
	if len(drafts) != 1 {
		t.Fatalf("%d drafts", len(drafts))
	}
	draft := drafts[0]
	if draft.GetName() != team+"/cycles/2026-w12" || draft.GetStartDate() != "2026-03-16" || draft.GetEndDate() != "2026-03-30" ||
		draft.GetTargetCondition() != started.GetTargetCondition() || draft.GetCurrentCondition() != nil || draft.GetValueStreamFocus() != nil {
		t.Errorf("drafted %v", draft)
	}
	carry := draft.GetCarryOver()
	if carry.GetCycle() != first || carry.GetTargetCondition() != team+"/targetConditions/next" ||
		!slices.Equal(carry.GetObstacles(), []string{team + "/obstacles/queue", team + "/obstacles/zone", team + "/obstacles/alarm"}) ||
		!slices.Equal(carry.GetOpenActions(), []string{team + "/cycles/2025-w50/retrospective/actions/old", first + "/retrospective/actions/ask", first + "/retrospective/actions/wiki"}) {
		t.Errorf("carried over %v", carry)
	}

	// Another cycle comes between, with the name that the next draft would have: the draft that is there is planned anew.
	_, err := w.cycles.CreateCycle(w.member(), &cyclev1.CreateCycleRequest{Parent: team, CycleId: "between", Cycle: &cyclev1.Cycle{StartDate: "2026-03-04"}})
	must(t, err)
	_, err = w.cycles.StartCycle(w.member(), &cyclev1.StartCycleRequest{Name: draft.GetName()})
	testkit.Refused(t, err, fault.FailedPrecondition, "CYCLE_ALREADY_RUNNING")
	w.leap(t, team+"/cycles/between")
	again := w.drafts(t)
	if len(again) != 1 || again[0].GetName() != draft.GetName() || again[0].GetStartDate() != "2026-03-23" || again[0].GetCarryOver().GetCycle() != team+"/cycles/between" {
		t.Errorf("planned anew: %v", again)
	}
	_, err = w.cycles.CancelCycle(w.member(), &cyclev1.CancelCycleRequest{Name: draft.GetName(), Reason: "other plans"})
	must(t, err)
	_, err = w.cycles.CreateCycle(w.member(), &cyclev1.CreateCycleRequest{Parent: team, CycleId: "third", Cycle: &cyclev1.Cycle{}})
	must(t, err)
	w.leap(t, team+"/cycles/third")
	if last := w.drafts(t); len(last) != 1 || last[0].GetName() != team+"/cycles/2026-w12-2" {
		t.Errorf("beside the name that is taken: %v", last)
	}
}

func TestADraftIsPlannedAndStarted(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	w.leap(t, first)
	name := w.drafts(t)[0].GetName()
	updated, err := w.cycles.UpdateCycle(w.member(), &cyclev1.UpdateCycleRequest{
		Cycle:      &cyclev1.Cycle{Name: name, DisplayName: "Same day", StartDate: "2026-03-18"},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name", "start_date"}},
	})
	must(t, err)
	if updated.GetStartDate() != "2026-03-18" || updated.GetEndDate() != "2026-04-01" || updated.GetState() != cyclev1.CycleState_CYCLE_STATE_DRAFT {
		t.Errorf("planned %v", updated)
	}
	_, err = w.cycles.AdvanceCycle(w.coach(), &cyclev1.AdvanceCycleRequest{Name: name, Phase: cyclev1.Phase_PHASE_PLAN, CoachReason: "x"})
	testkit.Refused(t, err, fault.FailedPrecondition, "CYCLE_NOT_RUNNING")
	_, err = w.cycles.StartCycle(w.member(), &cyclev1.StartCycleRequest{Name: name, StartDate: "2029-01-01"})
	testkit.Refused(t, err, fault.InvalidArgument, "START_OUT_OF_RANGE", "start_date")
	preview, err := w.cycles.PreviewGate(w.member(), &cyclev1.PreviewGateRequest{Name: name})
	must(t, err)
	if preview.GetOpen() || len(preview.GetUnmetCriteria()) == 0 {
		t.Errorf("the gate of a draft: %v", preview)
	}

	w.Clock.Advance(18 * 24 * time.Hour) // to 20 March, when the drafted day is over
	ctx := w.member()
	var group sync.WaitGroup
	answers := make([]error, 2)
	for i := range answers {
		group.Go(func() {
			_, answers[i] = w.cycles.StartCycle(ctx, &cyclev1.StartCycleRequest{Name: name})
		})
	}
	group.Wait()
	if (answers[0] == nil) == (answers[1] == nil) {
		t.Errorf("two start the same draft: %v", answers)
	}
	started, err := w.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: name})
	must(t, err)
	if started.GetStartDate() != "2026-03-20" || started.GetState() != cyclev1.CycleState_CYCLE_STATE_ACTIVE || started.GetPhase() != cyclev1.Phase_PHASE_PLAN ||
		started.GetCarryOver().GetCycle() != first || started.GetDisplayName() != "Same day" {
		t.Errorf("started %v", started)
	}
}

func TestDaysOfACycle(t *testing.T) {
	w := newWorld(t)
	started := w.begin(t)
	// Auckland is 13 hours ahead.
	if started.GetStartTime().AsTime().Format(time.RFC3339) != "2026-03-01T11:00:00Z" || started.GetEndTime().AsTime().Format(time.RFC3339) != "2026-03-15T11:00:00Z" {
		t.Errorf("from %v to %v", started.GetStartTime(), started.GetEndTime())
	}
	var gates []string
	for _, plan := range started.GetPhasePlan() {
		gates = append(gates, plan.GetGateDate())
	}
	if !slices.Equal(gates, []string{"2026-03-03", "2026-03-11", "2026-03-12", "2026-03-13"}) {
		t.Errorf("gates on %v", gates)
	}
	_, err := w.cycles.ExtendCycle(w.member(), &cyclev1.ExtendCycleRequest{Name: first, EndDate: "2026-03-31", Reason: "more"})
	testkit.Refused(t, err, fault.InvalidArgument, "EXTENSION_OUT_OF_RANGE", "end_date")
	_, err = w.cycles.ExtendCycle(w.member(), &cyclev1.ExtendCycleRequest{Name: first, EndDate: "2026-03-20", Etag: `"00000000-9"`, Reason: "more"})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	longer, err := w.cycles.ExtendCycle(w.member(), &cyclev1.ExtendCycleRequest{Name: first, EndDate: "2026-03-20", Reason: "two of us were away", Etag: started.GetEtag()})
	must(t, err)
	if x := longer.GetExtensions(); longer.GetEndDate() != "2026-03-20" || len(x) != 1 || x[0].GetFromEndDate() != "2026-03-16" || x[0].GetReason() != "two of us were away" {
		t.Errorf("extended %v", longer)
	}
	_, err = w.cycles.CreateCycle(w.member(), &cyclev1.CreateCycleRequest{Parent: "teams/payments", Cycle: &cyclev1.Cycle{StartDate: "2062-03-02"}})
	testkit.Refused(t, err, fault.FailedPrecondition, "CYCLE_ALREADY_RUNNING")
	_, err = w.cycles.UpdateCycle(w.member(), &cyclev1.UpdateCycleRequest{Cycle: &cyclev1.Cycle{Name: first, StartDate: "2062-03-02"}})
	testkit.Refused(t, err, fault.InvalidArgument, "START_OUT_OF_RANGE", "cycle.start_date")
}

func TestCancelWaitsForRunningExperiments(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	w.mu.Lock()
	w.experiments = []*experimentv1.Experiment{{Name: experiment, State: experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING}}
	w.mu.Unlock()
	cancel := &cyclev1.CancelCycleRequest{Name: first, Reason: "the team changes"}
	_, err := w.cycles.CancelCycle(w.member(), cancel)
	if f := testkit.Refused(t, err, fault.FailedPrecondition, "EXPERIMENT_STILL_RUNNING", "experiments"); f.Violations[0].Link != "/v1/"+experiment {
		t.Errorf("it is ended at %q", f.Violations[0].Link)
	}
	w.mu.Lock()
	w.experiments[0].State = experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED
	w.mu.Unlock()
	_, err = w.cycles.CancelCycle(w.member(), cancel)
	must(t, err)
	if len(w.drafts(t)) != 0 {
		t.Error("a cancelled cycle drafted the next")
	}
}

func TestAndonOfTheTeam(t *testing.T) {
	w := newWorld(t)
	raise := &cyclev1.CreateAndonRequest{Parent: team, AndonId: "red", Andon: &cyclev1.Andon{Problem: "red", Where: "the build"}}
	_, err := w.cycles.CreateAndon(w.member(), raise)
	testkit.Refused(t, err, fault.FailedPrecondition, "CYCLE_NOT_RUNNING")
	w.begin(t)
	for parent, reason := range map[string]string{
		"nowhere": "PERMISSION_DENIED", "teams/": "PERMISSION_DENIED", "teams/mobile": "PERMISSION_DENIED", team + "/obstacles/queue": "CYCLE_NOT_FOUND",
	} {
		_, err := w.cycles.CreateAndon(w.member(), &cyclev1.CreateAndonRequest{Parent: parent, Andon: &cyclev1.Andon{Problem: "red"}})
		if f := rpcserver.FromStatus(err); f == nil || f.Reason != reason {
			t.Errorf("in %q: %v, want %s", parent, err, reason)
		}
	}
	raised, err := w.cycles.CreateAndon(w.member(), raise)
	must(t, err)
	got, err := w.cycles.GetAndon(w.member(), &cyclev1.GetAndonRequest{Name: first + "/andons/red"})
	must(t, err)
	if raised.GetName() != first+"/andons/red" || got.GetEtag() != raised.GetEtag() || got.GetProblem() != "red" || got.GetWhere() != "the build" {
		t.Errorf("raised %v, got %v", raised, got)
	}
	_, err = w.cycles.GetAndon(w.member(), &cyclev1.GetAndonRequest{Name: first + "/andons/none"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("an andon that is not there: %v", err)
	}
}

// Two people move the same gate at once: one wins, and the other is told what to go on with.
func TestTwoMoveTheSameGate(t *testing.T) {
	w := newWorld(t)
	started := w.begin(t)
	ctx := w.coach()
	for _, believed := range []*cyclev1.AdvanceCycleRequest{
		{Name: first, Phase: cyclev1.Phase_PHASE_PLAN, CoachReason: "on"}, {Name: first, Etag: started.GetEtag(), CoachReason: "on"},
	} {
		if believed.GetPhase() == cyclev1.Phase_PHASE_UNSPECIFIED {
			now, err := w.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: first})
			must(t, err)
			believed.Etag = now.GetEtag()
		}
		answers := make([]error, 8)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() { _, answers[i] = w.cycles.AdvanceCycle(ctx, believed) })
		}
		group.Wait()
		now, err := w.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: first})
		must(t, err)
		won := 0
		for _, err := range answers {
			if err == nil {
				won++
				continue
			}
			if f := rpcserver.FromStatus(err); f.Kind != fault.Aborted || f.Metadata["current_etag"] != now.GetEtag() {
				t.Errorf("who lost was told %v, %v; want the etag %s", err, f.Metadata, now.GetEtag())
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	}
	if now, err := w.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: first}); err != nil || len(now.GetGatePasses()) != 2 {
		t.Errorf("passes %v, %v", now.GetGatePasses(), err)
	}
}
