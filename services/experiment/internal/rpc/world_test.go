package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/rpc"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

const (
	team     = "teams/payments"
	cycle    = team + "/cycles/2026-w23"
	wait     = team + "/metrics/review-wait"
	rota     = cycle + "/experiments/review-rota"
	obstacle = team + "/obstacles/reviews-wait"
	parked   = team + "/obstacles/parked"
)

// world is the service behind the real chain of interceptors, with a cycle service and a knowledge service that the test plays.
type world struct {
	t         testing.TB
	client    experimentv1.ExperimentServiceClient
	log       *eventlog.Log
	clock     *clock
	cycles    *cycles
	knowledge *knowledge
	authority *callertest.Authority
}

// newWorld makes a world on one engine, on Monday, 1 June 2026, 09:00 UTC.
func newWorld(t testing.TB, engine db.Engine) *world {
	t.Helper()
	w := &world{
		t: t, knowledge: &knowledge{}, clock: &clock{now: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)}, authority: callertest.New(nil),
		cycles: &cycles{states: map[string]cyclev1.CycleState{
			cycle: cyclev1.CycleState_CYCLE_STATE_ACTIVE, team + "/cycles/2026-w21": cyclev1.CycleState_CYCLE_STATE_FINISHED,
			team + "/cycles/2026-w25": cyclev1.CycleState_CYCLE_STATE_DRAFT,
		}, phase: cyclev1.Phase_PHASE_DO, obstacles: []string{obstacle, parked}, current: obstacle},
	}
	cfg := dbtest.Config(t, engine)
	cfg.Migrations, cfg.Clock = db.Merge(eventlog.Migrations, audit.Migrations, store.Migrations), w.clock.Now
	var err error
	w.log, err = eventlog.Open(t.Context(), dbtest.Start(t, cfg), "experiment", nil, eventlog.WithClock(w.clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	server := rpcserver.New(rpcserver.Config{Verifier: w.authority.Verifier, Logger: slog.New(slog.DiscardHandler)})
	experimentv1.RegisterExperimentServiceServer(server, rpc.New(w.log, func(string) grpc.ClientConnInterface {
		return rpcserver.Asking(server.Conn())
	}, []byte("a secret key of the tests")))
	cyclev1.RegisterCycleServiceServer(server, w.cycles)
	knowledgev1.RegisterKnowledgeServiceServer(server, w.knowledge)
	if err := server.Check(); err != nil {
		t.Fatal(err)
	}
	w.client = experimentv1.NewExperimentServiceClient(server.Conn())
	return w
}

// eachEngine runs fn in a world on SQLite and in one on Postgres.
func eachEngine(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, newWorld(t, engine)) })
	}
}

// as is the context of a call by c.
func (w *world) as(c caller.Caller) context.Context { return w.authority.Context(w.t.Context(), c) }

// member is the context of a call by a member of the team.
func (w *world) member() context.Context {
	return w.as(callertest.User("mina", "payments", caller.Member))
}

// events returns the short types of all events so far.
func (w *world) events() []string {
	w.t.Helper()
	if _, err := w.log.Number(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	records, err := w.log.List(w.t.Context(), 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	var types []string
	for _, r := range records {
		types = append(types, r.Type[len("fortnight.experiment.v1."):])
		if r.Team != "payments" || r.Actor != "users/mina" || r.Subject == "" {
			w.t.Errorf("event %d of team %q by %q about %q", r.Seq, r.Team, r.Actor, r.Subject)
		}
	}
	return types
}

// ok fails the test when a call failed.
func ok[T any](t testing.TB) func(answer T, err error) T {
	return func(answer T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(rpcserver.FromStatus(err))
		}
		return answer
	}
}

// wantFault checks how a call was refused, and with which violations ("field REASON") when there are any.
func wantFault(t testing.TB, err error, kind fault.Kind, reason string, violations ...string) *fault.Error {
	t.Helper()
	f := rpcserver.FromStatus(err)
	if f == nil {
		t.Fatalf("not refused, want %v %s", kind, reason)
	}
	if f.Kind != kind || f.Reason != reason {
		t.Fatalf("refused with %v %v, want %v %s", f.Kind, f, kind, reason)
	}
	var got []string
	for _, v := range f.Violations {
		got = append(got, v.Field+" "+v.Reason)
	}
	if len(violations) > 0 && !slices.Equal(got, violations) {
		t.Fatalf("violations %q, want %q", got, violations)
	}
	return f
}

// replayed makes a call and tells whether its answer was given before.
func replayed(t *testing.T, call func(option grpc.CallOption) error) bool {
	t.Helper()
	var header metadata.MD
	if err := call(grpc.Header(&header)); err != nil {
		t.Fatal(err)
	}
	return slices.Contains(header.Get(eventlog.ReplayedHeader), "true")
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cycles is a cycle service that knows a few names.
type cycles struct {
	cyclev1.UnimplementedCycleServiceServer
	states    map[string]cyclev1.CycleState
	phase     cyclev1.Phase
	obstacles []string
	current   string
	down      bool
}

func (c *cycles) GetCycle(ctx context.Context, req *cyclev1.GetCycleRequest) (*cyclev1.Cycle, error) {
	state, found := c.states[req.GetName()]
	switch {
	case c.down:
		return nil, fault.New(fault.Unavailable, "DATABASE_BUSY", "The database is busy; try again.")
	case caller.From(ctx).Anonymous():
		return nil, errors.New("asked without the caller's token")
	case !found:
		return nil, fault.New(fault.NotFound, "CYCLE_NOT_FOUND", "There is no such cycle.")
	}
	return &cyclev1.Cycle{Name: req.GetName(), State: state, Phase: c.phase, TimeZone: "Europe/Berlin"}, nil
}

func (c *cycles) ListObstacles(ctx context.Context, req *cyclev1.ListObstaclesRequest) (*cyclev1.ListObstaclesResponse, error) {
	switch {
	case c.down:
		return nil, fault.New(fault.Unavailable, "DATABASE_BUSY", "The database is busy; try again.")
	case caller.From(ctx).Anonymous():
		return nil, errors.New("asked without the caller's token")
	case req.GetParent() != team || !slices.Equal(req.GetStates(), []cyclev1.ObstacleState{cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT}):
		return nil, fmt.Errorf("asked for %v", req)
	case c.current == "":
		return &cyclev1.ListObstaclesResponse{}, nil
	}
	return &cyclev1.ListObstaclesResponse{Obstacles: []*cyclev1.Obstacle{{Name: c.current}}}, nil
}

func (c *cycles) GetObstacle(_ context.Context, req *cyclev1.GetObstacleRequest) (*cyclev1.Obstacle, error) {
	if c.down {
		return nil, fault.New(fault.Unavailable, "DATABASE_BUSY", "The database is busy; try again.")
	}
	if !slices.Contains(c.obstacles, req.GetName()) {
		return nil, fault.New(fault.NotFound, "OBSTACLE_NOT_FOUND", "There is no such obstacle.")
	}
	return &cyclev1.Obstacle{Name: req.GetName()}, nil
}
