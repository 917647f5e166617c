package retrospective_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// others stands in for the services that are asked. A method that is in silent does not answer.
type others struct {
	cyclev1.UnimplementedCycleServiceServer
	experimentv1.UnimplementedExperimentServiceServer
	identityv1.UnimplementedIdentityServiceServer

	mu          sync.Mutex
	phase       cyclev1.Phase
	state       cyclev1.CycleState
	experiments []*experimentv1.Experiment
	silent      map[string]bool // by the method's name

	zone      string
	members   map[string]identityv1.TeamRole // by the user's id
	andons    []*cyclev1.Andon
	obstacles []*cyclev1.Obstacle
	history   []*cyclev1.HistoryEntry
	capacity  *cyclev1.CapacitySummary
	metrics   []*experimentv1.Metric
	charts    map[string]*experimentv1.ProcessBehaviourChart // by the metric's name
	made      made
}

func newOthers() *others {
	return &others{
		phase: cyclev1.Phase_PHASE_ACT, state: cyclev1.CycleState_CYCLE_STATE_ACTIVE,
		experiments: []*experimentv1.Experiment{
			concluded(pairs, experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED),
			concluded(rota, experimentv1.Verdict_VERDICT_AS_PREDICTED),
			{Name: swarm},
		},
		silent: map[string]bool{},
		zone:   "Europe/Berlin",
		members: map[string]identityv1.TeamRole{
			"ada": identityv1.TeamRole_TEAM_ROLE_MEMBER, "jonas": identityv1.TeamRole_TEAM_ROLE_COACH,
			"mina": identityv1.TeamRole_TEAM_ROLE_MEMBER, "vera": identityv1.TeamRole_TEAM_ROLE_VIEWER,
		},
	}
}

// cycleStart and cycleEnd are the first instant of the cycle, a Monday in Berlin, and the one after it.
var (
	cycleStart = time.Date(2026, 2, 22, 23, 0, 0, 0, time.UTC)
	cycleEnd   = cycleStart.AddDate(0, 0, 14)
)

// answer lets a method answer, unless it is silent.
func answer[M any](o *others, method string, fn func() *M) (*M, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.silent[method] {
		return nil, status.Error(codes.Unavailable, method+" is silent")
	}
	return fn(), nil
}

// set changes what the others answer.
func (o *others) set(change func(o *others)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o)
}

func (o *others) GetCycle(_ context.Context, req *cyclev1.GetCycleRequest) (*cyclev1.Cycle, error) {
	return answer(o, "GetCycle", func() *cyclev1.Cycle {
		return &cyclev1.Cycle{
			Name: req.GetName(), Phase: o.phase, State: o.state, TimeZone: o.zone, StartDate: "2026-02-23", EndDate: "2026-03-09",
			StartTime: timestamppb.New(cycleStart), EndTime: timestamppb.New(cycleEnd),
		}
	})
}

func (o *others) ListExperiments(context.Context, *experimentv1.ListExperimentsRequest) (*experimentv1.ListExperimentsResponse, error) {
	return answer(o, "ListExperiments", func() *experimentv1.ListExperimentsResponse {
		return &experimentv1.ListExperimentsResponse{Experiments: o.experiments}
	})
}

func (o *others) ListMetrics(context.Context, *experimentv1.ListMetricsRequest) (*experimentv1.ListMetricsResponse, error) {
	return answer(o, "ListMetrics", func() *experimentv1.ListMetricsResponse { return &experimentv1.ListMetricsResponse{Metrics: o.metrics} })
}

func (o *others) AnalyzeMetric(_ context.Context, req *experimentv1.AnalyzeMetricRequest) (*experimentv1.ProcessBehaviourChart, error) {
	return answer(o, "AnalyzeMetric", func() *experimentv1.ProcessBehaviourChart {
		if chart := o.charts[req.GetName()]; chart != nil && req.GetStartTime() == nil && req.GetEndTime().AsTime().Equal(cycleEnd) {
			return chart
		}
		return &experimentv1.ProcessBehaviourChart{}
	})
}

func (o *others) ListAndons(context.Context, *cyclev1.ListAndonsRequest) (*cyclev1.ListAndonsResponse, error) {
	return answer(o, "ListAndons", func() *cyclev1.ListAndonsResponse { return &cyclev1.ListAndonsResponse{Andons: o.andons} })
}

func (o *others) ListObstacles(context.Context, *cyclev1.ListObstaclesRequest) (*cyclev1.ListObstaclesResponse, error) {
	return answer(o, "ListObstacles", func() *cyclev1.ListObstaclesResponse { return &cyclev1.ListObstaclesResponse{Obstacles: o.obstacles} })
}

// ListHistory answers one entry a page, the latest first, and not what is older than the cycle: nobody is to ask so far.
func (o *others) ListHistory(_ context.Context, req *cyclev1.ListHistoryRequest) (*cyclev1.ListHistoryResponse, error) {
	return answer(o, "ListHistory", func() *cyclev1.ListHistoryResponse {
		if len(o.history) == 0 || req.GetResource() != team+"/obstacles" {
			return &cyclev1.ListHistoryResponse{}
		}
		page := &cyclev1.ListHistoryResponse{Entries: o.history[len(req.GetPageToken()):][:1]}
		if next := req.GetPageToken() + "."; len(next) < len(o.history) {
			page.NextPageToken = next
		}
		return page
	})
}

func (o *others) SummarizeCapacity(_ context.Context, req *cyclev1.SummarizeCapacityRequest) (*cyclev1.CapacitySummary, error) {
	return answer(o, "SummarizeCapacity", func() *cyclev1.CapacitySummary {
		if o.capacity == nil || req.GetStartDate() != "2026-02-23" || req.GetEndDate() != "2026-03-08" {
			return &cyclev1.CapacitySummary{}
		}
		return o.capacity
	})
}

func (o *others) GetTeam(_ context.Context, req *identityv1.GetTeamRequest) (*identityv1.Team, error) {
	return answer(o, "GetTeam", func() *identityv1.Team { return &identityv1.Team{Name: req.GetName(), TimeZone: o.zone} })
}

func (o *others) ListMembers(_ context.Context, req *identityv1.ListMembersRequest) (*identityv1.ListMembersResponse, error) {
	return answer(o, "ListMembers", func() *identityv1.ListMembersResponse {
		members := &identityv1.ListMembersResponse{}
		for id, role := range o.members {
			members.Members = append(members.Members, &identityv1.Member{
				Name: strings.Join([]string{req.GetParent(), "members", id}, "/"), User: "users/" + id, Role: role,
			})
		}
		return members
	})
}

// noMetric is the id of the one metric that nobody has.
const noMetric = "none"

func (o *others) GetMetric(_ context.Context, req *experimentv1.GetMetricRequest) (*experimentv1.Metric, error) {
	if strings.HasSuffix(req.GetName(), "/"+noMetric) {
		return nil, status.Error(codes.NotFound, "no such metric")
	}
	return &experimentv1.Metric{Name: req.GetName()}, nil
}
