package cycle_test

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/cycle"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// boardWorld is a world whose other services know one cycle from another, and can fall silent one by one.
type boardWorld struct {
	*world
	beside *neighbours
}

type neighbours struct {
	*others
	asked   []string // the cycles whose experiments were asked for
	charted int      // how many readings were sent
	silent  string   // the service that does not answer
	hangs   bool     // it does not even say so
}

func newBoardWorld(t testing.TB) *boardWorld {
	t.Helper()
	n := &neighbours{others: &others{}}
	b := &boardWorld{&world{Kit: testkit.New(t), others: n.others}, n}
	var err error
	if b.service, err = cycle.New(t.Context(), b.Service("cycle")); err != nil {
		t.Fatal(err)
	}
	b.Register(func(r grpc.ServiceRegistrar) {
		identityv1.RegisterIdentityServiceServer(r, n)
		experimentv1.RegisterExperimentServiceServer(r, n)
		retrospectivev1.RegisterRetrospectiveServiceServer(r, n)
		knowledgev1.RegisterKnowledgeServiceServer(r, n)
	})
	b.Start(b.service)
	b.cycles = cyclev1.NewCycleServiceClient(b.Conn())
	return b
}

func (n *neighbours) answers(ctx context.Context, service string) error {
	n.mu.Lock()
	silent, hangs := n.silent == service, n.hangs
	n.mu.Unlock()
	switch {
	case silent && hangs:
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	case silent:
		return status.Error(codes.Unavailable, "down")
	}
	return nil
}

func (n *neighbours) falls(silent string, hangs bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.silent, n.hangs = silent, hangs
}

func (n *neighbours) GetTeam(ctx context.Context, req *identityv1.GetTeamRequest) (*identityv1.Team, error) {
	if err := n.answers(ctx, "identity"); err != nil {
		return nil, err
	}
	return n.others.GetTeam(ctx, req)
}

func (n *neighbours) ListExperiments(ctx context.Context, req *experimentv1.ListExperimentsRequest) (*experimentv1.ListExperimentsResponse, error) {
	if err := n.answers(ctx, "experiment"); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, path.Base(req.GetParent()))
	answer := &experimentv1.ListExperimentsResponse{}
	for _, x := range n.experiments {
		if strings.HasPrefix(x.GetName(), req.GetParent()+"/") {
			answer.Experiments = append(answer.Experiments, x)
		}
	}
	return answer, nil
}

func (n *neighbours) GetRetrospective(ctx context.Context, req *retrospectivev1.GetRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	if err := n.answers(ctx, "retrospective"); err != nil {
		return nil, err
	}
	return n.others.GetRetrospective(ctx, req)
}

func (n *neighbours) ListActions(context.Context, *retrospectivev1.ListActionsRequest) (*retrospectivev1.ListActionsResponse, error) {
	return &retrospectivev1.ListActionsResponse{}, nil
}

func (n *neighbours) GetMetric(ctx context.Context, req *experimentv1.GetMetricRequest) (*experimentv1.Metric, error) {
	if err := n.answers(ctx, "experiment"); err != nil {
		return nil, err
	}
	if req.GetName() != team+"/metrics/wait" {
		return nil, fault.New(fault.NotFound, "METRIC_NOT_FOUND", "none")
	}
	return &experimentv1.Metric{Name: req.GetName(), DisplayName: "Wait for review", Unit: "h"}, nil
}

func (n *neighbours) AnalyzeMetric(ctx context.Context, req *experimentv1.AnalyzeMetricRequest) (*experimentv1.ProcessBehaviourChart, error) {
	if _, err := n.GetMetric(ctx, &experimentv1.GetMetricRequest{Name: req.GetName()}); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	chart := &experimentv1.ProcessBehaviourChart{Metric: req.GetName()}
	for _, m := range n.measurements {
		if m.GetTime().AsTime().Before(req.GetStartTime().AsTime()) {
			continue
		}
		n.charted++
		chart.Points = append(chart.Points, &experimentv1.ChartPoint{Time: m.GetTime(), Value: m.GetValue()})
	}
	return chart, nil
}

func (b *boardWorld) get(t testing.TB) *cyclev1.Storyboard {
	t.Helper()
	shown, err := b.cycles.GetStoryboard(b.member(), &cyclev1.GetStoryboardRequest{Name: team + "/storyboard"})
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

// put saves what the service's own requests could not, such as a cycle of long ago.
func (b *boardWorld) put(t testing.TB, change func(tx *eventlog.Tx) error) {
	t.Helper()
	if err := b.service.Log.Do(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func (b *boardWorld) cycle(t testing.TB, id string, state domain.CycleState, start domain.Day) {
	t.Helper()
	b.put(t, func(tx *eventlog.Tx) error {
		_, err := store.Cycles.Create(tx, &domain.Cycle{
			Name: team + "/cycles/" + id, State: state, Phase: domain.Plan, TimeZone: "Pacific/Auckland", StartDate: start, EndDate: start.AddDays(14),
		}, domain.CycleStarted)
		return err
	})
}

func (b *boardWorld) obstacle(t testing.TB, id string, state domain.ObstacleState) {
	t.Helper()
	b.put(t, func(tx *eventlog.Tx) error {
		_, err := store.Obstacles.Create(tx, &domain.Obstacle{Name: team + "/obstacles/" + id, Description: id, State: state}, domain.ObstacleParkedAgain)
		return err
	})
}

// ages are the parts with their ages in short.
func ages(b *cyclev1.Storyboard) string {
	var all []string
	for _, age := range b.GetAges() {
		all = append(all, fmt.Sprintf("%s %s %d", age.GetPart(), age.GetDate(), age.GetAgeDays()))
	}
	return strings.Join(all, ", ")
}

func TestStoryboardOfNothing(t *testing.T) {
	b := newBoardWorld(t)
	b.beside.falls("experiment", false) // nothing is asked, so nobody is missed
	shown := b.get(t)
	if shown.GetName() != team+"/storyboard" || shown.GetDate() != "2026-03-02" {
		t.Errorf("shown %v", shown)
	}
	shown.Name, shown.Date = "", ""
	if shown.String() != "" {
		t.Errorf("invented %v", shown)
	}
	b.cycle(t, "next", domain.CycleDraft, "2026-03-09")
	if shown = b.get(t); shown.GetNextCycle().GetName() != team+"/cycles/next" || shown.GetCycle() != nil || shown.GetNextGate() != nil ||
		shown.GetDay() != 0 || shown.GetDayCount() != 0 || len(shown.GetAges()) != 0 || len(shown.GetUnavailableParts()) != 0 {
		t.Errorf("a draft only: %v", shown)
	}
}

func TestStoryboard(t *testing.T) {
	b := newBoardWorld(t)
	b.cycle(t, "long-ago", domain.CycleDone, "2026-01-05")
	b.Clock.Advance(24 * time.Hour)
	b.begin(t) // on 3 March
	b.obstacle(t, "asked", domain.ObstacleEscalated)
	b.obstacle(t, "parked", domain.ObstacleParked)
	b.obstacle(t, "settled", domain.ObstacleOvercome)
	b.cycle(t, "before", domain.CycleDone, "2026-02-02")
	b.cycle(t, "next", domain.CycleDraft, "2026-03-17")
	_, err := b.cycles.CreateAndon(b.member(), &cyclev1.CreateAndonRequest{Parent: first, AndonId: "red", Andon: &cyclev1.Andon{Problem: "red"}})
	must(t, err)
	queue, now := team+"/obstacles/queue", b.Clock.Now()
	at := func(days int) *timestamppb.Timestamp { return timestamppb.New(now.AddDate(0, 0, days)) }
	b.mu.Lock()
	b.experiments = []*experimentv1.Experiment{
		{
			Name: first + "/experiments/rota", DisplayName: "A rota", Obstacle: queue, State: experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING,
			LockTime: at(0), StartTime: at(0), CreateTime: at(-1), UpdateTime: at(0),
			Prediction: &experimentv1.Prediction{Change: "a rota", Metric: team + "/metrics/wait", Sentence: "if a rota then …"},
		},
		{Name: first + "/experiments/elsewhere", Obstacle: team + "/obstacles/parked", State: experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT, CreateTime: at(0), UpdateTime: at(0)},
		{
			Name: team + "/cycles/before/experiments/pairs", Obstacle: queue, State: experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED, CreateTime: at(-20), UpdateTime: at(-10),
			Outcome: &experimentv1.Outcome{Verdict: experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED, Happened: "nobody paired", Learned: "no time for it"},
		},
		{Name: team + "/cycles/before/experiments/other", Obstacle: team + "/obstacles/parked", CreateTime: at(-20), UpdateTime: at(-10)},
		{
			Name: team + "/cycles/next/experiments/early", Obstacle: queue, State: experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED,
			AbandonReason: "too early", CreateTime: at(-2), UpdateTime: at(-2),
		},
		{Name: team + "/cycles/long-ago/experiments/x", Obstacle: queue, CreateTime: at(-60), UpdateTime: at(-60)},
	}
	b.measurements = []*experimentv1.Measurement{{Time: at(-400), Value: new(30.0)}, {Time: at(-3), Value: new(19.0)}, {Time: at(-1), Value: new(17.0)}}
	b.mu.Unlock()
	b.Clock.Advance(5 * 24 * time.Hour)
	b.mu.Lock()
	b.beside.asked = nil
	b.mu.Unlock()

	shown := b.get(t)
	if shown.GetDate() != "2026-03-08" || shown.GetDay() != 6 || shown.GetDayCount() != 14 || len(shown.GetUnavailableParts()) != 0 {
		t.Errorf("the day: %v", shown)
	}
	if shown.GetChallenge().GetName() != team+"/challenges/direction" || shown.GetTargetCondition().GetName() != team+"/targetConditions/next" ||
		shown.GetCurrentObstacle().GetName() != queue || shown.GetCycle().GetName() != first || shown.GetCycle().GetEtag() == "" || shown.GetNextCycle().GetName() != team+"/cycles/next" {
		t.Errorf("the parts: %v", shown)
	}
	if o := shown.GetObstacles(); len(o) != 2 || o[0].GetDescription() != "parked" || o[1].GetDescription() != "asked" {
		t.Errorf("obstacles %v", o)
	}
	if c := shown.GetCurrentCondition(); c.GetBaseline().GetBaselineValue() != 9 || c.GetMetricDisplayName() != "Wait for review" || c.GetUnit() != "h" ||
		c.GetLatestValue() != 17 || !c.GetLatestTime().AsTime().Equal(at(-1).AsTime()) {
		t.Errorf("condition %v", c)
	}
	if g := shown.GetNextGate(); g.GetPhase() != cyclev1.Phase_PHASE_PLAN || g.GetOpen() || !slices.ContainsFunc(g.GetUnmetCriteria(), func(c *cyclev1.UnmetCriterion) bool { return c.GetField() == "andons" }) {
		t.Errorf("gate %v", g)
	}
	if a := shown.GetOpenAndons(); len(a) != 1 || a[0].GetName() != first+"/andons/red" {
		t.Errorf("andons %v", a)
	}
	var tried []string
	for _, x := range shown.GetExperiments() {
		tried = append(tried, fmt.Sprintf("%s %s %t %s|%s|%s", path.Base(x.GetExperiment()), x.GetState(), x.GetLocked(), x.GetHappened(), x.GetLearned(), x.GetVerdict()))
	}
	want := []string{"elsewhere DRAFT false ||", "rota RUNNING true ||", "early ABANDONED false |too early|", "pairs CONCLUDED false nobody paired|no time for it|NOT_AS_PREDICTED"}
	if !slices.Equal(tried, want) {
		t.Errorf("experiments %q, want %q", tried, want)
	}
	if x := shown.GetExperiments()[1]; x.GetDisplayName() != "A rota" || x.GetChange() != "a rota" || x.GetExpected() != "if a rota then …" || x.GetMetric() != team+"/metrics/wait" ||
		x.GetObstacle() != queue || !x.GetStartTime().AsTime().Equal(now) {
		t.Errorf("the rota: %v", x)
	}
	if got := ages(shown); got != "challenge 2026-03-03 5, target_condition 2026-03-03 5, current_condition 2026-03-02 6, current_obstacle 2026-03-03 5, experiments 2026-03-03 5, cycle 2026-03-03 5" {
		t.Errorf("ages %s", got)
	}
	b.mu.Lock()
	asked, charted := slices.Sorted(slices.Values(b.beside.asked)), b.beside.charted
	b.mu.Unlock()
	if charted != 2 {
		t.Errorf("%d readings were read, of which only those since the baseline matter", charted)
	}
	// The gate asks for the running cycle as well. The cycle of long ago was over before there was the obstacle.
	if !slices.Equal(asked, []string{"before", "first", "first", "next"}) {
		t.Errorf("asked for %v", asked)
	}

	b.Clock.Advance(10 * 24 * time.Hour)
	if late := b.get(t); late.GetDay() != 16 || late.GetDayCount() != 14 || late.GetCycle().GetState() != cyclev1.CycleState_CYCLE_STATE_ACTIVE {
		t.Errorf("overdue: day %d of %d", late.GetDay(), late.GetDayCount())
	}
}

// A current condition whose metric is not there keeps its baseline.
func TestStoryboardWithoutTheMetric(t *testing.T) {
	b := newBoardWorld(t)
	b.put(t, func(tx *eventlog.Tx) error {
		_, err := store.Cycles.Create(tx, &domain.Cycle{
			Name: first, State: domain.CycleActive, Phase: domain.Plan, TimeZone: "Pacific/Auckland", StartDate: "2026-03-02", EndDate: "2026-03-16",
			CurrentCondition: &domain.CurrentCondition{Metric: team + "/metrics/none", BaselineValue: 3, BaselineDate: "2026-02-28"},
		}, domain.CycleStarted)
		return err
	})
	shown := b.get(t)
	if c := shown.GetCurrentCondition(); c.GetBaseline().GetBaselineValue() != 3 || c.GetMetricDisplayName() != "" || c.LatestValue != nil || c.GetLatestTime() != nil {
		t.Errorf("condition %v", c)
	}
	if len(shown.GetUnavailableParts()) != 0 || ages(shown) != "current_condition 2026-02-28 2, cycle 2026-03-02 0" {
		t.Errorf("away %v, ages %s", shown.GetUnavailableParts(), ages(shown))
	}
}

// A service that is away takes its parts along and nothing else.
func TestStoryboardWithoutAService(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		t.Run(fmt.Sprintf("hangs %t", hangs), func(t *testing.T) {
			t.Parallel()
			b := newBoardWorld(t)
			b.begin(t)
			b.beside.falls("experiment", hangs)
			shown := b.get(t)
			if !slices.Equal(shown.GetUnavailableParts(), []string{"experiments", "current_condition", "next_gate"}) {
				t.Errorf("away %v", shown.GetUnavailableParts())
			}
			if shown.GetNextGate() != nil || len(shown.GetExperiments()) != 0 || shown.GetCurrentCondition().GetBaseline().GetBaselineValue() != 9 || shown.GetCurrentCondition().LatestValue != nil {
				t.Errorf("what needs experiment: %v", shown)
			}
			if shown.GetChallenge() == nil || shown.GetTargetCondition() == nil || shown.GetCurrentObstacle() == nil || shown.GetCycle() == nil || shown.GetDay() != 1 {
				t.Errorf("the rest: %v", shown)
			}
			if got := ages(shown); got != "challenge 2026-03-02 0, target_condition 2026-03-02 0, current_obstacle 2026-03-02 0, cycle 2026-03-02 0" {
				t.Errorf("ages %s", got)
			}
		})
	}
	t.Run("retrospective", func(t *testing.T) {
		b := newBoardWorld(t)
		b.begin(t)
		b.beside.falls("retrospective", false)
		if shown := b.get(t); len(shown.GetUnavailableParts()) != 0 {
			t.Errorf("before ACT away %v", shown.GetUnavailableParts())
		}
		b.put(t, func(tx *eventlog.Tx) error {
			_, err := store.Cycles.Update(tx, first, "", func(c *domain.Cycle, _ time.Time) ([]domain.Event, error) {
				c.Phase = domain.Act
				return []domain.Event{domain.CycleAdvanced}, nil
			})
			return err
		})
		if shown := b.get(t); !slices.Equal(shown.GetUnavailableParts(), []string{"next_gate"}) || shown.GetNextGate() != nil || shown.GetCurrentCondition().GetUnit() != "h" {
			t.Errorf("in ACT away %v: %v", shown.GetUnavailableParts(), shown)
		}
	})
	t.Run("identity", func(t *testing.T) {
		b := newBoardWorld(t)
		b.beside.falls("identity", false)
		_, err := b.cycles.GetStoryboard(b.member(), &cyclev1.GetStoryboardRequest{Name: team + "/storyboard"})
		if status.Code(err) != codes.Unavailable {
			t.Errorf("without the team's day: %v", err)
		}
	})
}

func TestStoryboardRefusals(t *testing.T) {
	b := newBoardWorld(t)
	get := func(ctx context.Context, name string) error {
		_, err := b.cycles.GetStoryboard(ctx, &cyclev1.GetStoryboardRequest{Name: name})
		return err
	}
	testkit.Refused(t, get(b.member(), team+"/board"), fault.InvalidArgument, "VALIDATION_FAILED", "name")
	testkit.Refused(t, get(b.member(), "storyboard"), fault.PermissionDenied, "PERMISSION_DENIED")
	testkit.Refused(t, get(t.Context(), team+"/storyboard"), fault.Unauthenticated, "UNAUTHENTICATED")
	must(t, get(b.As(callertest.User("vera", "payments", caller.Viewer)), team+"/storyboard"))
}

// BenchmarkStoryboard is a board of a team that has been at it for a year.
func BenchmarkStoryboard(b *testing.B) {
	w := newBoardWorld(b)
	start := domain.Day("2025-03-03")
	for i := range 26 {
		w.cycle(b, fmt.Sprintf("past-%02d", i), domain.CycleDone, start.AddDays(14*i))
	}
	w.put(b, func(tx *eventlog.Tx) error {
		_, err := store.Challenges.Create(tx, &domain.Challenge{Name: team + "/challenges/c", Statement: "same day", State: domain.ChallengeActive}, domain.ChallengeCreated)
		if err != nil {
			return err
		}
		_, err = store.TargetConditions.Create(tx, &domain.TargetCondition{Name: team + "/targetConditions/t", State: domain.TargetConditionActive}, domain.TargetConditionCreated)
		if err != nil {
			return err
		}
		_, err = store.Cycles.Create(tx, &domain.Cycle{
			Name: first, State: domain.CycleActive, Phase: domain.Plan, TimeZone: "Pacific/Auckland", StartDate: "2026-03-02", EndDate: "2026-03-16",
			CurrentCondition: &domain.CurrentCondition{Metric: team + "/metrics/wait", BaselineDate: "2026-03-01"},
		}, domain.CycleStarted)
		return err
	})
	for i := range 40 {
		w.obstacle(b, fmt.Sprintf("o%02d", i), map[bool]domain.ObstacleState{true: domain.ObstacleCurrent, false: domain.ObstacleParked}[i == 0])
	}
	for i := range 5 {
		w.experiments = append(w.experiments, &experimentv1.Experiment{
			Name: fmt.Sprintf("%s/experiments/x%d", first, i), Obstacle: team + "/obstacles/o00", CreateTime: timestamppb.Now(), UpdateTime: timestamppb.Now(),
		})
	}
	ctx := w.member()
	for b.Loop() {
		shown, err := w.cycles.GetStoryboard(ctx, &cyclev1.GetStoryboardRequest{Name: team + "/storyboard"})
		if err != nil || len(shown.GetObstacles()) != 39 || len(shown.GetExperiments()) != 5 {
			b.Fatal(err, shown)
		}
	}
}
