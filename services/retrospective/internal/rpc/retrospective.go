package rpc

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// OpenRetrospective opens the retrospective of a cycle with the facts that the other services tell now.
func (s *Server) OpenRetrospective(ctx context.Context, req *retrospectivev1.OpenRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	cycleName := strings.TrimSuffix(req.GetName(), "/retrospective")
	cycle, err := s.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: cycleName})
	if err != nil {
		return nil, err
	}
	experiments, err := s.experiments.ListExperiments(ctx, &experimentv1.ListExperimentsRequest{Parent: cycleName, PageSize: 1000})
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Retrospective, error) {
		retrospective, err := domain.Open(req.GetName(), req.GetAnonymous(), wire.CycleFact(cycle), wire.Facts(experiments.GetExperiments()))
		if err != nil {
			return nil, err
		}
		row, err := store.Retrospectives.Create(tx, retrospective, domain.RetrospectiveOpened)
		if err != nil {
			return nil, err
		}
		return wire.Retrospective(row), nil
	})
}

// GetRetrospective gets the retrospective of a cycle.
func (s *Server) GetRetrospective(ctx context.Context, req *retrospectivev1.GetRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	row, err := store.Retrospectives.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Retrospective(row), nil
}

// MoveRetrospective goes to another stage.
func (s *Server) MoveRetrospective(ctx context.Context, req *retrospectivev1.MoveRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	return s.update(ctx, req, func(r *domain.Retrospective, _ time.Time) ([]domain.Event, error) {
		return r.Move(wire.Stage(req.GetStage()))
	})
}

// DecideRetrospective says what becomes of an experiment.
func (s *Server) DecideRetrospective(ctx context.Context, req *retrospectivev1.DecideRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	return s.update(ctx, req, func(r *domain.Retrospective, _ time.Time) ([]domain.Event, error) {
		return r.Decide(wire.Decision(req.GetDecision()))
	})
}

// CloseRetrospective ends the retrospective with its learnings.
func (s *Server) CloseRetrospective(ctx context.Context, req *retrospectivev1.CloseRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	return s.update(ctx, req, func(r *domain.Retrospective, now time.Time) ([]domain.Event, error) {
		return r.Close(wire.Learnings(req.GetLearnings()), req.GetBoldestExperiment(), now)
	})
}

// update makes one change to the retrospective that the request names.
func (s *Server) update(ctx context.Context, req request, change func(*domain.Retrospective, time.Time) ([]domain.Event, error)) (*retrospectivev1.Retrospective, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Retrospective, error) {
		row, err := store.Retrospectives.Update(tx, req.GetName(), req.GetEtag(), change)
		if err != nil {
			return nil, err
		}
		return wire.Retrospective(row), nil
	})
}

type request interface {
	proto.Message
	GetName() string
	GetEtag() string
}
