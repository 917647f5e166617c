package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// What is made of an action is made by another service, before the transaction that links it. Its id comes from the action's name: after
// a crash in between, or by two calls at once, the same thing is found and linked.

// MakeObstacle makes an obstacle of the team out of an action, and links the two.
func (s *Server) MakeObstacle(ctx context.Context, req *retrospectivev1.MakeObstacleRequest) (*retrospectivev1.Action, error) {
	obstacle, refused := s.makeOf(ctx, req, func(ctx context.Context, a *domain.Action) (string, error) {
		if a.Obstacle != "" {
			return a.Obstacle, nil
		}
		_, err := s.cycles.CreateObstacle(ctx, &cyclev1.CreateObstacleRequest{
			Parent: a.Team(), ObstacleId: a.MadeID(), Obstacle: &cyclev1.Obstacle{Description: a.Text},
		})
		return a.Team() + "/obstacles/" + a.MadeID(), unlessThere(err)
	})
	return s.changeAction(ctx, req, req.GetName(), req.GetEtag(), func(_ *eventlog.Tx, a *domain.Action, _ time.Time) ([]domain.Event, error) {
		if refused != nil {
			return nil, refused
		}
		return a.BecomesObstacle(obstacle)
	})
}

// DraftExperiment drafts an experiment out of an action, and links the two.
func (s *Server) DraftExperiment(ctx context.Context, req *retrospectivev1.DraftExperimentRequest) (*retrospectivev1.Action, error) {
	experiment, refused := s.makeOf(ctx, req, func(ctx context.Context, a *domain.Action) (string, error) {
		if a.Experiment != "" {
			return a.Experiment, nil
		}
		cycles, err := s.cyclesToDraftIn(ctx, a, req.GetCycle())
		if err != nil {
			return "", err
		}
		if found, err := s.drafted(ctx, a, cycles); err != nil || found != "" {
			return found, err
		}
		_, err = s.experiments.CreateExperiment(ctx, &experimentv1.CreateExperimentRequest{
			Parent: cycles[0], ExperimentId: a.MadeID(), Experiment: wire.ExperimentOf(a),
		})
		return cycles[0] + "/experiments/" + a.MadeID(), unlessThere(err)
	})
	return s.changeAction(ctx, req, req.GetName(), req.GetEtag(), func(_ *eventlog.Tx, a *domain.Action, _ time.Time) ([]domain.Event, error) {
		if refused != nil {
			return nil, refused
		}
		return a.BecomesExperiment(experiment)
	})
}

// makeOf makes something of the action that the request names and returns what it is called. A refusal belongs into the transaction, so
// that a repeated request gets its first answer.
func (s *Server) makeOf(ctx context.Context, req request, with func(context.Context, *domain.Action) (string, error)) (string, error) {
	row, err := store.Actions.Get(ctx, s.log, req.GetName())
	if err != nil {
		return "", err
	}
	if err := row.Value.MayBecome(); err != nil {
		return "", err
	}
	if req.GetEtag() != "" && req.GetEtag() != row.Etag {
		return "", nil // nothing is made, and the change is refused for its etag
	}
	return with(ctx, row.Value)
}

// cyclesToDraftIn are the cycles that an experiment of the action may have been drafted in before; a new one is drafted in the first:
// the wanted cycle, else the team's draft, else its running cycle.
func (s *Server) cyclesToDraftIn(ctx context.Context, a *domain.Action, wanted string) ([]string, error) {
	if err := a.MayDraftIn(wanted); err != nil {
		return nil, err
	}
	var cycles []string
	if wanted != "" {
		cycles = []string{wanted}
	}
	for _, state := range []cyclev1.CycleState{cyclev1.CycleState_CYCLE_STATE_DRAFT, cyclev1.CycleState_CYCLE_STATE_ACTIVE} {
		answer, err := s.cycles.ListCycles(ctx, &cyclev1.ListCyclesRequest{Parent: a.Team(), PageSize: askedPageSize, States: []cyclev1.CycleState{state}})
		if err != nil {
			return nil, err
		}
		for _, cycle := range answer.GetCycles() {
			cycles = append(cycles, cycle.GetName())
		}
	}
	if len(cycles) == 0 {
		return nil, fault.New(fault.FailedPrecondition, "NO_CYCLE_TO_DRAFT_IN",
			"the team has neither a drafted nor a running cycle; make one first (POST /v1/%s/cycles)", a.Team())
	}
	return append(cycles, a.Cycle()), nil // which may have been the running one when it was drafted
}

// drafted finds the experiment that was drafted out of the action before, in one of the cycles; empty when there is none.
func (s *Server) drafted(ctx context.Context, a *domain.Action, cycles []string) (string, error) {
	for _, cycle := range cycles {
		name := cycle + "/experiments/" + a.MadeID()
		_, err := s.experiments.GetExperiment(ctx, &experimentv1.GetExperimentRequest{Name: name})
		if err == nil {
			return name, nil
		}
		if status.Code(err) != codes.NotFound {
			return "", err
		}
	}
	return "", nil
}

// unlessThere passes over that something is there already: it was made of the same action.
func unlessThere(err error) error {
	if status.Code(err) == codes.AlreadyExists {
		return nil
	}
	return err
}

// changeAction makes one write with one rule about one action.
func (s *Server) changeAction(
	ctx context.Context, req proto.Message, name, etag string, rule func(*eventlog.Tx, *domain.Action, time.Time) ([]domain.Event, error),
) (*retrospectivev1.Action, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Action, error) {
		row, err := store.UpdateAction(tx, name, etag, func(a *domain.Action, now time.Time) ([]domain.Event, error) { return rule(tx, a, now) })
		if err != nil {
			return nil, err
		}
		return wire.Action(row), nil
	})
}
