package cycle_test

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/cycle"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// elsewhere is an obstacle of a team that the machine's people may not read.
const elsewhere = "teams/mobile/obstacles/elsewhere"

// outside stands in for the other services, by cycle; the machine changes what they say.
type outside struct {
	*others
	guard     sync.Mutex
	days      int32
	tried     map[string][]*experimentv1.Experiment
	reflected map[string]*retrospectivev1.Retrospective
	actions   map[string][]*retrospectivev1.Action
	learned   map[string][]*knowledgev1.Learning
	away      bool
}

// forget brings the other services back to where they know nothing.
func (o *outside) forget() {
	o.guard.Lock()
	defer o.guard.Unlock()
	o.days, o.away = 14, false
	o.tried, o.reflected = map[string][]*experimentv1.Experiment{}, map[string]*retrospectivev1.Retrospective{}
	o.actions, o.learned = map[string][]*retrospectivev1.Action{}, map[string][]*knowledgev1.Learning{}
}

func (o *outside) GetTeam(ctx context.Context, req *identityv1.GetTeamRequest) (*identityv1.Team, error) {
	known, err := o.others.GetTeam(ctx, req)
	if err != nil {
		return nil, err
	}
	o.guard.Lock()
	defer o.guard.Unlock()
	known.CycleDays, known.CadenceWeekday = o.days, identityv1.Weekday_WEEKDAY_TUESDAY
	known.Holidays = append(known.Holidays, &identityv1.Holiday{Date: "2026-03-13"}, &identityv1.Holiday{Date: "2026-04-06"})
	return known, nil
}

func (o *outside) GetUser(_ context.Context, req *identityv1.GetUserRequest) (*identityv1.User, error) {
	switch req.GetName() {
	case "users/jonas", "users/mina", "users/aiko", "users/vera", "users/boss", "users/otto", "users/root":
		return &identityv1.User{Name: req.GetName(), State: identityv1.UserState_USER_STATE_ACTIVE}, nil
	case "users/left":
		return &identityv1.User{Name: req.GetName(), State: identityv1.UserState_USER_STATE_DEACTIVATED}, nil
	}
	return nil, fault.New(fault.NotFound, "USER_NOT_FOUND", "none")
}

func (o *outside) GetMember(_ context.Context, req *identityv1.GetMemberRequest) (*identityv1.Member, error) {
	role, known := members[path.Base(req.GetName())]
	if !known {
		return nil, fault.New(fault.NotFound, "MEMBER_NOT_FOUND", "none")
	}
	return &identityv1.Member{Name: req.GetName(), User: "users/" + path.Base(req.GetName()), Role: role}, nil
}

func (o *outside) ListExperiments(_ context.Context, req *experimentv1.ListExperimentsRequest) (*experimentv1.ListExperimentsResponse, error) {
	o.guard.Lock()
	defer o.guard.Unlock()
	if o.away {
		return nil, status.Error(codes.Unavailable, "away")
	}
	answer := &experimentv1.ListExperimentsResponse{}
	for cycle, tried := range o.tried {
		if cycle == req.GetParent() || path.Dir(cycle)+"/-" == req.GetParent() {
			answer.Experiments = append(answer.Experiments, tried...)
		}
	}
	return answer, nil
}

func (o *outside) ListMeasurements(context.Context, *experimentv1.ListMeasurementsRequest) (*experimentv1.ListMeasurementsResponse, error) {
	o.guard.Lock()
	defer o.guard.Unlock()
	if o.away {
		return nil, status.Error(codes.Unavailable, "away")
	}
	return &experimentv1.ListMeasurementsResponse{}, nil
}

func (o *outside) GetRetrospective(_ context.Context, req *retrospectivev1.GetRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	o.guard.Lock()
	defer o.guard.Unlock()
	switch found := o.reflected[path.Dir(req.GetName())]; {
	case o.away:
		return nil, status.Error(codes.Unavailable, "away")
	case found == nil:
		return nil, fault.New(fault.NotFound, "RETROSPECTIVE_NOT_FOUND", "none")
	default:
		return found, nil
	}
}

func (o *outside) ListActions(_ context.Context, req *retrospectivev1.ListActionsRequest) (*retrospectivev1.ListActionsResponse, error) {
	o.guard.Lock()
	defer o.guard.Unlock()
	if o.away {
		return nil, status.Error(codes.Unavailable, "away")
	}
	answer := &retrospectivev1.ListActionsResponse{}
	for _, cycle := range slices.Sorted(maps.Keys(o.actions)) {
		for _, action := range o.actions[cycle] {
			if strings.HasPrefix(cycle, strings.TrimSuffix(req.GetParent(), "-/retrospective")) && slices.Contains(req.GetStates(), action.GetState()) {
				answer.Actions = append(answer.Actions, action)
			}
		}
	}
	return answer, nil
}

func (o *outside) ListLearnings(_ context.Context, req *knowledgev1.ListLearningsRequest) (*knowledgev1.ListLearningsResponse, error) {
	o.guard.Lock()
	defer o.guard.Unlock()
	if o.away {
		return nil, status.Error(codes.Unavailable, "away")
	}
	return &knowledgev1.ListLearningsResponse{Learnings: o.learned[req.GetCycle()]}, nil
}

// plant is the cycle service that all machines of a test run on, each as a team of its own.
type plant struct {
	*testkit.Kit
	*outside
	service *cycle.Service
	client  cyclev1.CycleServiceClient
	rows    string // the statement that reads every stored aggregate of a team
	start   time.Time
	teams   int
	seen    map[string]int // verbs with what came of them, and events
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	p := &plant{Kit: testkit.New(t), outside: &outside{others: &others{}}}
	p.forget()
	p.start, p.seen = p.Clock.Now(), map[string]int{}
	var err error
	if p.service, err = cycle.New(t.Context(), p.Service("cycle")); err != nil {
		t.Fatal(err)
	}
	p.Register(func(r grpc.ServiceRegistrar) {
		identityv1.RegisterIdentityServiceServer(r, p.outside)
		experimentv1.RegisterExperimentServiceServer(r, p.outside)
		retrospectivev1.RegisterRetrospectiveServiceServer(r, p.outside)
		knowledgev1.RegisterKnowledgeServiceServer(r, p.outside)
	})
	p.Start(p.service)
	p.client = cyclev1.NewCycleServiceClient(p.Conn())
	p.rows = rowsOf(t, p.service.Log)
	_, err = p.client.CreateObstacle(p.As(callertest.User("otto", "mobile", caller.Member)), &cyclev1.CreateObstacleRequest{
		Parent: path.Dir(path.Dir(elsewhere)), ObstacleId: path.Base(elsewhere), Obstacle: &cyclev1.Obstacle{Description: "the queue before review"},
	})
	must(t, err)
	return p
}

// newTeam makes the next machine: a team that has planned nothing yet, at the time at which every machine begins.
func (p *plant) newTeam() *machine {
	p.teams++
	p.Clock.Set(p.start)
	p.forget()
	return &machine{
		plant: p, team: fmt.Sprintf("teams/t%05d", p.teams), ids: map[string]int{}, versions: map[string]int64{}, stale: map[string]string{},
		recorded: map[string]fields{}, folded: map[string]fields{}, same: map[string]string{},
	}
}

// callers are the people who call, by what they are to the team.
func (m *machine) caller(who string) caller.Caller {
	id := path.Base(m.team)
	switch who {
	case "member":
		return callertest.User("jonas", id, caller.Member)
	case "coach":
		return callertest.User("mina", id, caller.Coach)
	case "viewer":
		return callertest.User("vera", id, caller.Viewer)
	case "outsider":
		return callertest.User("otto", "mobile", caller.Coach)
	case "manager":
		return callertest.Manager("boss")
	case "admin":
		return callertest.Admin("root")
	case "bot":
		return caller.Caller{Subject: m.team + "/tokens/slack", Teams: map[string]caller.Role{id: caller.Member}}
	}
	return caller.Caller{}
}

func mayWrite(who string) bool {
	return who == "member" || who == "coach" || who == "admin" || who == "bot"
}

func mayCoach(who string) bool { return who == "coach" || who == "admin" }
