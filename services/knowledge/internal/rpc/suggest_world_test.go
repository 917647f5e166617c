package rpc_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

const (
	ownObstacle   = "teams/payments/obstacles/reviews-wait"
	ownExperiment = "teams/payments/cycles/2026-w24/experiments/rota"
)

// planners is the knowledge service behind the real chain of interceptors, with the services that know obstacles and experiments.
type planners struct {
	t         *testing.T
	client    knowledgev1.KnowledgeServiceClient
	log       *eventlog.Log
	authority *callertest.Authority
	down      error
}

// obstacles and experiments are played by planners: one obstacle and one experiment of one team.
type (
	obstacles struct {
		cyclev1.UnimplementedCycleServiceServer
		*planners
	}
	experiments struct {
		experimentv1.UnimplementedExperimentServiceServer
		*planners
	}
)

func (o obstacles) GetObstacle(_ context.Context, req *cyclev1.GetObstacleRequest) (*cyclev1.Obstacle, error) {
	if o.down != nil {
		return nil, o.down
	}
	if req.GetName() != ownObstacle {
		return nil, fault.New(fault.NotFound, "OBSTACLE_NOT_FOUND", "There is no such obstacle.")
	}
	return &cyclev1.Obstacle{Name: ownObstacle, Description: "Reviews wait for days"}, nil
}

func (e experiments) GetExperiment(_ context.Context, req *experimentv1.GetExperimentRequest) (*experimentv1.Experiment, error) {
	if e.down != nil {
		return nil, e.down
	}
	if !strings.HasPrefix(req.GetName(), ownExperiment) {
		return nil, fault.New(fault.NotFound, "EXPERIMENT_NOT_FOUND", "There is no such experiment.")
	}
	return &experimentv1.Experiment{
		Name: req.GetName(), DisplayName: "A canary", Obstacle: ownObstacle + strings.TrimPrefix(req.GetName(), ownExperiment),
		Prediction: &experimentv1.Prediction{Change: "one of us merges small changes", Reason: "a small change is looked at sooner"},
	}, nil
}

func plan(t *testing.T, engine db.Engine, learnings ...domain.Learning) *planners {
	t.Helper()
	p := &planners{t: t, authority: callertest.New(nil)}
	var err error
	if p.log, err = eventlog.Open(t.Context(), dbtest.Open(t, engine, db.Merge(eventlog.Migrations, migrations.FS)), "knowledge", nil); err != nil {
		t.Fatal(err)
	}
	for _, l := range learnings {
		l.Name = "learnings/" + l.Name
		if err := p.log.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.Create(tx, &l, domain.LearningDrafted)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	server := rpcserver.New(rpcserver.Config{Verifier: p.authority.Verifier, Logger: slog.New(slog.DiscardHandler)})
	knowledgev1.RegisterKnowledgeServiceServer(server, rpc.New(p.log, func(string) grpc.ClientConnInterface { return rpcserver.Asking(server.Conn()) }))
	cyclev1.RegisterCycleServiceServer(server, obstacles{planners: p})
	experimentv1.RegisterExperimentServiceServer(server, experiments{planners: p})
	if err := server.Check(); err != nil {
		t.Fatal(err)
	}
	p.client = knowledgev1.NewKnowledgeServiceClient(server.Conn())
	return p
}

func (p *planners) ask(c caller.Caller, req *knowledgev1.SuggestLearningsRequest) (*knowledgev1.SuggestLearningsResponse, error) {
	ctx := p.t.Context()
	if !c.Anonymous() {
		ctx = p.authority.Context(ctx, c)
	}
	return p.client.SuggestLearnings(ctx, req)
}
