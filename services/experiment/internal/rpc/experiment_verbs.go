package rpc

import (
	"context"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// LockExperiment locks the plan. Whether its obstacle exists is asked before the transaction; an obstacle that was put in
// meanwhile has not been asked for and counts as unknown.
func (s *Server) LockExperiment(ctx context.Context, req *experimentv1.LockExperimentRequest) (*experimentv1.Experiment, error) {
	obstacle, exists, asked := s.obstacleOf(ctx, req.GetName())
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		if asked != nil {
			return nil, asked
		}
		metric, err := store.FindMetric(tx, e.Prediction.Metric)
		if err != nil {
			return nil, err
		}
		return e.Lock(domain.Known{Obstacle: exists && e.Obstacle == obstacle, Metric: metric}, now)
	})
}

// obstacleOf returns the obstacle of an experiment as it is now, and whether there is such an obstacle.
func (s *Server) obstacleOf(ctx context.Context, name string) (obstacle string, exists bool, err error) {
	row, err := store.Experiments.Get(ctx, s.log, name)
	if err != nil {
		return "", false, err
	}
	exists, err = s.obstacleExists(ctx, row.Value.Obstacle)
	return row.Value.Obstacle, exists, err
}

// AmendExperiment adds a change to a locked plan.
func (s *Server) AmendExperiment(ctx context.Context, req *experimentv1.AmendExperimentRequest) (*experimentv1.Experiment, error) {
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		arrived, err := store.Arrived(tx, e.Prediction.Metric)
		if err != nil {
			return nil, err
		}
		return e.Amend(req.GetText(), arrived, now)
	})
}

// StartExperiment starts a locked experiment, one per team.
func (s *Server) StartExperiment(ctx context.Context, req *experimentv1.StartExperimentRequest) (*experimentv1.Experiment, error) {
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		running, err := store.RunningExperiment(tx, e.Team())
		if err != nil {
			return nil, err
		}
		arrived, err := store.Arrived(tx, e.Prediction.Metric)
		if err != nil {
			return nil, err
		}
		return e.Start(running, arrived, now)
	})
}

// ConcludeExperiment ends a running experiment with outcome, verdict and learning.
func (s *Server) ConcludeExperiment(ctx context.Context, req *experimentv1.ConcludeExperimentRequest) (*experimentv1.Experiment, error) {
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		readings, err := store.Readings(context.Background(), tx, e.Prediction.Metric)
		if err != nil {
			return nil, err
		}
		return e.Conclude(wire.ConclusionFrom(req), readings, now)
	})
}

// AbandonExperiment ends an experiment without an outcome, for a reason.
func (s *Server) AbandonExperiment(ctx context.Context, req *experimentv1.AbandonExperimentRequest) (*experimentv1.Experiment, error) {
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(_ *eventlog.Tx, e *domain.Experiment, _ time.Time) ([]domain.Event, error) {
		return e.Abandon(req.GetReason())
	})
}
