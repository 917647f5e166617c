package cycle_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/cycle"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	team       = "teams/payments"
	first      = team + "/cycles/first"
	experiment = first + "/experiments/review-rota"
)

// others stands in for the services that cycle asks, and answers what the test wants.
type others struct {
	identityv1.UnimplementedIdentityServiceServer
	experimentv1.UnimplementedExperimentServiceServer
	retrospectivev1.UnimplementedRetrospectiveServiceServer
	knowledgev1.UnimplementedKnowledgeServiceServer

	mu            sync.Mutex
	experiments   []*experimentv1.Experiment
	retrospective *retrospectivev1.Retrospective
	learnings     []*knowledgev1.Learning
	actions       []*retrospectivev1.Action
	measurements  []*experimentv1.Measurement
	down          bool
}

func (o *others) GetTeam(_ context.Context, req *identityv1.GetTeamRequest) (*identityv1.Team, error) {
	return &identityv1.Team{
		Name: req.GetName(), TimeZone: "Pacific/Auckland", CycleDays: 14, ImprovementCapacityPercent: 15,
		WorkingDays: []identityv1.Weekday{
			identityv1.Weekday_WEEKDAY_MONDAY, identityv1.Weekday_WEEKDAY_TUESDAY, identityv1.Weekday_WEEKDAY_WEDNESDAY,
			identityv1.Weekday_WEEKDAY_THURSDAY, identityv1.Weekday_WEEKDAY_FRIDAY,
		},
		Holidays: []*identityv1.Holiday{{Date: "2026-02-25"}}, CadenceWeekday: identityv1.Weekday_WEEKDAY_MONDAY,
	}, nil
}

func (o *others) ListExperiments(context.Context, *experimentv1.ListExperimentsRequest) (*experimentv1.ListExperimentsResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return nil, status.Error(codes.Unavailable, "down")
	}
	return &experimentv1.ListExperimentsResponse{Experiments: o.experiments}, nil
}

func (o *others) GetRetrospective(context.Context, *retrospectivev1.GetRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.retrospective == nil {
		return nil, fault.New(fault.NotFound, "RETROSPECTIVE_NOT_FOUND", "none")
	}
	return o.retrospective, nil
}

// ListActions answers one action a page.
func (o *others) ListActions(_ context.Context, req *retrospectivev1.ListActionsRequest) (*retrospectivev1.ListActionsResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var wanted []*retrospectivev1.Action
	for _, action := range o.actions {
		if req.GetParent() == team+"/cycles/-/retrospective" && slices.Contains(req.GetStates(), action.GetState()) {
			wanted = append(wanted, action)
		}
	}
	answer, at := &retrospectivev1.ListActionsResponse{}, len(req.GetPageToken())
	if at < len(wanted) {
		answer.Actions = wanted[at : at+1]
	}
	if at+1 < len(wanted) {
		answer.NextPageToken = req.GetPageToken() + "x"
	}
	return answer, nil
}

func (o *others) ListLearnings(context.Context, *knowledgev1.ListLearningsRequest) (*knowledgev1.ListLearningsResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &knowledgev1.ListLearningsResponse{Learnings: o.learnings}, nil
}

// world is the cycle service with stand-ins for the others.
type world struct {
	*testkit.Kit
	*others
	service *cycle.Service
	cycles  cyclev1.CycleServiceClient
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Kit: testkit.New(t), others: &others{}}
	var err error
	if w.service, err = cycle.New(t.Context(), w.Service("cycle")); err != nil {
		t.Fatal(err)
	}
	w.Register(func(r grpc.ServiceRegistrar) {
		identityv1.RegisterIdentityServiceServer(r, w.others)
		experimentv1.RegisterExperimentServiceServer(r, w.others)
		retrospectivev1.RegisterRetrospectiveServiceServer(r, w.others)
		knowledgev1.RegisterKnowledgeServiceServer(r, w.others)
	})
	w.Start(w.service)
	w.cycles = cyclev1.NewCycleServiceClient(w.Conn())
	return w
}

func (w *world) member() context.Context {
	return w.As(callertest.User("jonas", "payments", caller.Member))
}

func (w *world) coach() context.Context {
	return w.As(callertest.User("mina", "payments", caller.Coach))
}

// aim gives the team everything that a cycle needs before it starts.
func (w *world) aim(t *testing.T) {
	t.Helper()
	ctx := w.member()
	_, err := w.cycles.CreateChallenge(ctx, &cyclev1.CreateChallengeRequest{
		Parent: team, ChallengeId: "direction", Challenge: &cyclev1.Challenge{Statement: "same day", HorizonDate: "2027-06-01"},
	})
	must(t, err)
	_, err = w.cycles.CreateTargetCondition(ctx, &cyclev1.CreateTargetConditionRequest{
		Parent: team, TargetConditionId: "next", TargetCondition: &cyclev1.TargetCondition{
			Challenge: team + "/challenges/direction", AchieveByDate: "2026-04-20", OutcomeMetric: team + "/metrics/wait", OperatingPattern: "twice a day",
		},
	})
	must(t, err)
	_, err = w.cycles.CreateObstacle(ctx, &cyclev1.CreateObstacleRequest{Parent: team, ObstacleId: "queue", Obstacle: &cyclev1.Obstacle{Description: "the queue"}})
	must(t, err)
	_, err = w.cycles.MakeObstacleCurrent(ctx, &cyclev1.MakeObstacleCurrentRequest{Name: team + "/obstacles/queue"})
	must(t, err)
}

// begin starts the first cycle with everything planned.
func (w *world) begin(t *testing.T) *cyclev1.Cycle {
	t.Helper()
	w.aim(t)
	started, err := w.cycles.CreateCycle(w.member(), &cyclev1.CreateCycleRequest{Parent: team, CycleId: "first", Cycle: &cyclev1.Cycle{
		CurrentCondition: &cyclev1.CurrentCondition{Metric: team + "/metrics/wait", BaselineValue: 9, BaselineDate: "2026-03-01"},
		ValueStreamFocus: &cyclev1.ValueStreamFocus{Step: "Review", Constraint: true},
	}})
	must(t, err)
	return started
}

func TestWholeCycle(t *testing.T) {
	w := newWorld(t)
	started := w.begin(t)
	// The clock says Monday 08:00 UTC, which is 21:00 of the same day in Auckland.
	if started.GetStartDate() != "2026-03-02" || started.GetEndDate() != "2026-03-16" || started.GetTargetCondition() != team+"/targetConditions/next" {
		t.Errorf("started %v", started)
	}
	for _, step := range []struct {
		phase cyclev1.Phase
		set   func()
		next  cyclev1.Phase
		state cyclev1.CycleState
	}{
		{cyclev1.Phase_PHASE_PLAN, func() {
			w.experiments = []*experimentv1.Experiment{{Name: experiment, LockTime: timestamppb.Now()}}
		}, cyclev1.Phase_PHASE_DO, cyclev1.CycleState_CYCLE_STATE_ACTIVE},
		{cyclev1.Phase_PHASE_DO, func() {
			w.experiments[0].StartTime = timestamppb.Now()
			w.experiments[0].State = experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED
			w.experiments[0].Outcome = &experimentv1.Outcome{Verdict: experimentv1.Verdict_VERDICT_AS_PREDICTED, Learned: "much"}
		}, cyclev1.Phase_PHASE_CHECK, cyclev1.CycleState_CYCLE_STATE_ACTIVE},
		{cyclev1.Phase_PHASE_CHECK, func() {}, cyclev1.Phase_PHASE_ACT, cyclev1.CycleState_CYCLE_STATE_ACTIVE},
		{cyclev1.Phase_PHASE_ACT, func() {
			w.retrospective = &retrospectivev1.Retrospective{Stage: retrospectivev1.Stage_STAGE_CLOSED, Decisions: []*retrospectivev1.Decision{
				{Experiment: experiment, Kind: retrospectivev1.DecisionKind_DECISION_KIND_ADOPT},
			}}
			w.learnings = []*knowledgev1.Learning{{Experiment: experiment, State: knowledgev1.LearningState_LEARNING_STATE_PUBLISHED}}
			w.experiments[0].HoldChecks = []*experimentv1.HoldCheck{{Weeks: 2}}
		}, cyclev1.Phase_PHASE_ACT, cyclev1.CycleState_CYCLE_STATE_FINISHED},
	} {
		if step.phase != cyclev1.Phase_PHASE_CHECK { // nothing is missing there
			before, err := w.cycles.GetCycle(w.member(), &cyclev1.GetCycleRequest{Name: first})
			must(t, err)
			recorded := len(testkit.Events(t, w.service.Log))
			_, err = w.cycles.AdvanceCycle(w.member(), &cyclev1.AdvanceCycleRequest{Name: first, Phase: step.phase})
			if err == nil || rpcserver.FromStatus(err).Reason != "GATE_CRITERIA_UNMET" {
				t.Fatalf("the gate after %s opened: %v", step.phase, err)
			}
			after, err := w.cycles.GetCycle(w.member(), &cyclev1.GetCycleRequest{Name: first})
			must(t, err)
			if after.GetEtag() != before.GetEtag() || len(testkit.Events(t, w.service.Log)) != recorded {
				t.Errorf("the shut gate after %s changed something", step.phase)
			}
		}
		w.mu.Lock()
		step.set()
		w.mu.Unlock()
		preview, err := w.cycles.PreviewGate(w.member(), &cyclev1.PreviewGateRequest{Name: first})
		must(t, err)
		if !preview.GetOpen() || preview.GetPhase() != step.phase {
			t.Errorf("preview: %v", preview)
		}
		moved, err := w.cycles.AdvanceCycle(w.member(), &cyclev1.AdvanceCycleRequest{Name: first, Phase: step.phase})
		must(t, err)
		if moved.GetPhase() != step.next || moved.GetState() != step.state {
			t.Fatalf("after %s: %s %s", step.phase, moved.GetPhase(), moved.GetState())
		}
	}
	var types []string
	for _, happening := range testkit.Events(t, w.service.Log) {
		types = append(types, happening.Type[len("fortnight.cycle.v1."):])
	}
	want := []string{
		"ChallengeCreated", "TargetConditionCreated", "ObstacleParked", "ObstacleMadeCurrent", "CycleStarted",
		"CycleAdvanced", "CycleAdvanced", "CycleAdvanced", "CycleFinished", "ObstacleOutlastedCycle", "CycleDrafted",
	}
	if !slices.Equal(types, want) {
		t.Errorf("events %v, want %v", types, want)
	}
}

func TestGateAnswersAllUnmetCriteriaAtOnce(t *testing.T) {
	w := newWorld(t)
	_, err := w.cycles.CreateCycle(w.member(), &cyclev1.CreateCycleRequest{Parent: team, CycleId: "first", Cycle: &cyclev1.Cycle{}})
	must(t, err)
	_, err = w.cycles.CreateAndon(w.member(), &cyclev1.CreateAndonRequest{Parent: first, AndonId: "red", Andon: &cyclev1.Andon{Problem: "red"}})
	must(t, err)
	_, err = w.cycles.AdvanceCycle(w.member(), &cyclev1.AdvanceCycleRequest{Name: first, Phase: cyclev1.Phase_PHASE_PLAN})
	testkit.Refused(t, err, fault.FailedPrecondition, "GATE_CRITERIA_UNMET", "challenge", "target_condition", "current_condition",
		"value_stream_focus.step", "obstacle", "experiments", "andons")
	_, err = w.cycles.AdvanceCycle(w.member(), &cyclev1.AdvanceCycleRequest{Name: first, Phase: cyclev1.Phase_PHASE_PLAN, CoachReason: "go on"})
	testkit.Refused(t, err, fault.PermissionDenied, "COACH_NEEDED")
	over := &cyclev1.AdvanceCycleRequest{Name: first, Phase: cyclev1.Phase_PHASE_PLAN, CoachReason: "go on"}
	_, err = w.cycles.AdvanceCycle(w.coach(), over)
	if f := testkit.Refused(t, err, fault.FailedPrecondition, "GATE_CRITERIA_UNMET", "andons"); f.Violations[0].Link != "/v1/"+first+"/andons/red" {
		t.Errorf("the andon is resolved at %q", f.Violations[0].Link)
	}
	_, err = w.cycles.ResolveAndon(w.member(), &cyclev1.ResolveAndonRequest{Name: first + "/andons/red", Countermeasure: "reverted"})
	must(t, err)
	preview, err := w.cycles.PreviewGate(w.member(), &cyclev1.PreviewGateRequest{Name: first})
	must(t, err)
	if len(preview.GetUnmetCriteria()) != 6 || preview.GetUnmetCriteria()[0].GetLink() != "/v1/"+team+"/challenges" || preview.GetGateDate() != "2026-03-03" {
		t.Errorf("preview: %v", preview)
	}
	passed, err := w.cycles.AdvanceCycle(w.coach(), over)
	must(t, err)
	if pass := passed.GetGatePasses()[0]; pass.GetCoachReason() != "go on" || len(pass.GetUnmetReasons()) != 6 {
		t.Errorf("gate pass: %v", pass)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	started := w.begin(t)
	ctx := w.member()
	tests := []struct {
		name   string
		call   func() error
		kind   fault.Kind
		reason string
		fields []string
	}{
		{"advance without saying what is believed", func() error {
			_, err := w.cycles.AdvanceCycle(ctx, &cyclev1.AdvanceCycleRequest{Name: first})
			return err
		}, fault.FailedPrecondition, "PRECONDITION_REQUIRED", nil},
		{"advance from another phase", func() error {
			_, err := w.cycles.AdvanceCycle(ctx, &cyclev1.AdvanceCycleRequest{Name: first, Phase: cyclev1.Phase_PHASE_CHECK})
			return err
		}, fault.Aborted, "PHASE_MISMATCH", nil},
		{"stale etag", func() error {
			_, err := w.cycles.AdvanceCycle(ctx, &cyclev1.AdvanceCycleRequest{Name: first, Etag: `"00000000-9"`})
			return err
		}, fault.Aborted, "ETAG_MISMATCH", nil},
		{"second running cycle", func() error {
			_, err := w.cycles.CreateCycle(ctx, &cyclev1.CreateCycleRequest{Parent: team, CycleId: "second", Cycle: &cyclev1.Cycle{}})
			return err
		}, fault.FailedPrecondition, "CYCLE_ALREADY_RUNNING", nil},
		{"second active target condition", func() error {
			_, err := w.cycles.CreateTargetCondition(ctx, &cyclev1.CreateTargetConditionRequest{Parent: team, TargetCondition: &cyclev1.TargetCondition{
				Challenge: team + "/challenges/direction", AchieveByDate: "2026-04-01", OutcomeMetric: team + "/metrics/wait", OperatingPattern: "x",
			}})
			return err
		}, fault.FailedPrecondition, "TARGET_CONDITION_ALREADY_ACTIVE", nil},
		{"another team's challenge", func() error {
			_, err := w.cycles.CreateTargetCondition(ctx, &cyclev1.CreateTargetConditionRequest{Parent: team, TargetCondition: &cyclev1.TargetCondition{
				Challenge: "teams/mobile/challenges/direction", AchieveByDate: "2026-04-01", OutcomeMetric: team + "/metrics/wait", OperatingPattern: "x",
			}})
			return err
		}, fault.InvalidArgument, "OTHER_TEAM", []string{"target_condition.challenge"}},
		{"no such challenge", func() error {
			_, err := w.cycles.CreateTargetCondition(ctx, &cyclev1.CreateTargetConditionRequest{Parent: team, TargetCondition: &cyclev1.TargetCondition{
				Challenge: team + "/challenges/none", AchieveByDate: "2026-04-01", OutcomeMetric: team + "/metrics/wait", OperatingPattern: "x",
			}})
			return err
		}, fault.InvalidArgument, "CHALLENGE_NOT_ACTIVE", []string{"target_condition.challenge"}},
		{"another team's metric and target condition", func() error {
			_, err := w.cycles.UpdateCycle(ctx, &cyclev1.UpdateCycleRequest{Cycle: &cyclev1.Cycle{
				Name: first, TargetCondition: "teams/mobile/targetConditions/next",
				CurrentCondition: &cyclev1.CurrentCondition{Metric: "teams/mobile/metrics/wait", BaselineDate: "2026-03-01"},
			}})
			return err
		}, fault.InvalidArgument, "OTHER_TEAM", []string{"cycle.target_condition", "cycle.current_condition.metric"}},
		{"a day that is none", func() error {
			_, err := w.cycles.CreateChallenge(ctx, &cyclev1.CreateChallengeRequest{Parent: team, Challenge: &cyclev1.Challenge{Statement: "x", HorizonDate: "2027-02-30"}})
			return err
		}, fault.InvalidArgument, "DAY_INVALID", []string{"challenge.horizon_date"}},
		{"shape and presence, all at once", func() error {
			_, err := w.cycles.CreateChallenge(ctx, &cyclev1.CreateChallengeRequest{Parent: team, Challenge: &cyclev1.Challenge{Statement: strings.Repeat("x", 501), HorizonDate: "soon"}})
			return err
		}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"challenge.statement", "challenge.horizon_date"}},
		{"existing id", func() error {
			_, err := w.cycles.CreateObstacle(ctx, &cyclev1.CreateObstacleRequest{Parent: team, ObstacleId: "queue", Obstacle: &cyclev1.Obstacle{Description: "x"}})
			return err
		}, fault.AlreadyExists, "OBSTACLE_ALREADY_EXISTS", nil},
		{"unknown obstacle", func() error {
			_, err := w.cycles.GetObstacle(ctx, &cyclev1.GetObstacleRequest{Name: team + "/obstacles/none"})
			return err
		}, fault.NotFound, "OBSTACLE_NOT_FOUND", nil},
		{"server-owned field", func() error {
			_, err := w.cycles.UpdateCycle(ctx, &cyclev1.UpdateCycleRequest{
				Cycle: &cyclev1.Cycle{Name: first, Phase: cyclev1.Phase_PHASE_ACT}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"phase"}},
			})
			return err
		}, fault.InvalidArgument, "NOTHING_TO_CHANGE", []string{"update_mask"}},
		{"andon in another team's cycle", func() error {
			_, err := w.cycles.CreateAndon(ctx, &cyclev1.CreateAndonRequest{Parent: "teams/mobile/cycles/first", Andon: &cyclev1.Andon{Problem: "x"}})
			return err
		}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"a viewer writes", func() error {
			_, err := w.cycles.CancelCycle(w.As(callertest.User("vera", "payments", caller.Viewer)), &cyclev1.CancelCycleRequest{Name: first, Reason: "x"})
			return err
		}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"nobody reads", func() error {
			_, err := w.cycles.GetCycle(t.Context(), &cyclev1.GetCycleRequest{Name: first})
			return err
		}, fault.Unauthenticated, "UNAUTHENTICATED", nil},
		{"bad page token", func() error {
			_, err := w.cycles.ListCycles(ctx, &cyclev1.ListCyclesRequest{Parent: team, PageToken: "nonsense"})
			return err
		}, fault.InvalidArgument, "PAGE_TOKEN_INVALID", []string{"page_token"}},
	}
	recorded := testkit.Events(t, w.service.Log)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { testkit.Refused(t, test.call(), test.kind, test.reason, test.fields...) })
	}
	if now := testkit.Events(t, w.service.Log); !slices.Equal(now, recorded) {
		t.Errorf("refusals recorded events: %v", now[len(recorded):])
	}
	if after, err := w.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: first}); err != nil || after.GetEtag() != started.GetEtag() {
		t.Errorf("refusals changed the cycle: %v, %v", after, err)
	}
}

func TestGateWaitsForAServiceThatIsDown(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	w.mu.Lock()
	w.down = true
	w.mu.Unlock()
	_, err := w.cycles.AdvanceCycle(w.member(), &cyclev1.AdvanceCycleRequest{Name: first, Phase: cyclev1.Phase_PHASE_PLAN})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
}

func TestUpdateCycle(t *testing.T) {
	w := newWorld(t)
	started := w.begin(t)
	updated, err := w.cycles.UpdateCycle(w.member(), &cyclev1.UpdateCycleRequest{
		Cycle: &cyclev1.Cycle{Name: first, DisplayName: "Same-day reviews", ValueStreamFocus: &cyclev1.ValueStreamFocus{Step: "Test"}},
		Etag:  started.GetEtag(), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name"}},
	})
	must(t, err)
	if updated.GetDisplayName() != "Same-day reviews" || updated.GetValueStreamFocus().GetStep() != "Review" || updated.GetEtag() == started.GetEtag() {
		t.Errorf("updated %v", updated)
	}
	_, err = w.cycles.UpdateCycle(w.member(), &cyclev1.UpdateCycleRequest{Cycle: &cyclev1.Cycle{Name: first, DisplayName: "late"}, Etag: started.GetEtag()})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
