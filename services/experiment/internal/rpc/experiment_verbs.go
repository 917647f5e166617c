package rpc

import (
	"context"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// LockExperiment locks the plan. Its obstacle and the team's current one are asked for before the transaction; an obstacle
// that was put in meanwhile has not been asked for and counts as unknown, unless it is the current one.
func (s *Server) LockExperiment(ctx context.Context, req *experimentv1.LockExperimentRequest) (*experimentv1.Experiment, error) {
	obstacle, exists, current, asked := s.obstacleOf(ctx, req.GetName())
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		if asked != nil {
			return nil, asked
		}
		metric, err := store.FindMetric(tx, e.Prediction.Metric)
		if err != nil {
			return nil, err
		}
		return e.Lock(domain.Known{ObstacleExists: exists && e.Obstacle == obstacle, CurrentObstacle: current, Metric: metric}, now)
	})
}

// obstacleOf returns the obstacle of an experiment as it is now, whether there is such an obstacle, and the team's current one.
func (s *Server) obstacleOf(ctx context.Context, name string) (obstacle string, exists bool, current string, err error) {
	row, err := store.Experiments.Get(ctx, s.log, name)
	if err != nil {
		return "", false, "", err
	}
	if current, err = s.currentObstacle(ctx, row.Value.Team()); err != nil {
		return "", false, "", err
	}
	obstacle = row.Value.Obstacle
	if obstacle == current {
		return obstacle, obstacle != "", current, nil
	}
	exists, err = s.obstacleExists(ctx, obstacle)
	return obstacle, exists, current, err
}

// AmendExperiment adds a change to a locked plan.
func (s *Server) AmendExperiment(ctx context.Context, req *experimentv1.AmendExperimentRequest) (*experimentv1.Experiment, error) {
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		arrived, err := store.Arrived(tx, e.Prediction.Metric)
		if err != nil {
			return nil, err
		}
		return e.Amend(req.GetText(), wire.PlanChangesFrom(req.GetChanges()), arrived, now)
	})
}

// StartExperiment starts a locked experiment, one per team, or two with the reason of a coach. The cycle is asked before the
// transaction; that it may move on in between is accepted, as two people could also act in that order.
func (s *Server) StartExperiment(ctx context.Context, req *experimentv1.StartExperimentRequest) (*experimentv1.Experiment, error) {
	cycle, asked := s.activeCycle(ctx, domain.ParentOf(req.GetName()))
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		if asked != nil {
			return nil, asked
		}
		running, err := store.RunningExperiments(tx, e.Team())
		if err != nil {
			return nil, err
		}
		arrived, err := store.Arrived(tx, e.Prediction.Metric)
		if err != nil {
			return nil, err
		}
		return e.Start(domain.Starting{
			Phase: wire.Phase(cycle.GetPhase()), Running: running, Arrived: arrived,
			CoachReason: req.GetCoachReason(), Coach: caller.From(ctx).CanCoach(e.Team()),
		}, now)
	})
}

// ConcludeExperiment ends a running experiment with outcome, verdict and learning.
func (s *Server) ConcludeExperiment(ctx context.Context, req *experimentv1.ConcludeExperimentRequest) (*experimentv1.Experiment, error) {
	var window domain.Window
	var err error
	if window.From, err = instant("window_start", req.GetWindowStart()); err != nil {
		return nil, err
	}
	if window.To, err = instant("window_end", req.GetWindowEnd()); err != nil {
		return nil, err
	}
	ahead := s.evidence(ctx, req.GetName(), judgedBy)
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		readings, err := ahead.in(tx, e, now)
		if err != nil {
			return nil, err
		}
		how, err := judging(tx, e, now)
		if err != nil {
			return nil, err
		}
		return e.Conclude(wire.ConclusionFrom(req, window), readings, how, now)
	})
}

// judgedBy reads what a verdict can rest on.
func judgedBy(ctx context.Context, q db.Queryer, e *domain.Experiment, now time.Time) ([]domain.Reading, error) {
	if e.State != domain.Running {
		return nil, nil // it cannot be concluded
	}
	return store.Evidence(ctx, q, e.Prediction.Metric, e.StartTime, e.StartOrdinal, now)
}

// judging reads what the experiment is judged by.
func judging(tx *eventlog.Tx, e *domain.Experiment, now time.Time) (domain.Judging, error) {
	metric, err := store.FindMetric(tx, e.Prediction.Metric)
	if err != nil {
		return domain.Judging{}, err
	}
	frozen, err := store.Baselines.All(context.Background(), tx, tx.Log(), e.Prediction.Metric)
	return e.Judging(metric, store.Decided(frozen), now), err
}

// AbandonExperiment ends an experiment without an outcome, for a reason.
func (s *Server) AbandonExperiment(ctx context.Context, req *experimentv1.AbandonExperimentRequest) (*experimentv1.Experiment, error) {
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(_ *eventlog.Tx, e *domain.Experiment, _ time.Time) ([]domain.Event, error) {
		return e.Abandon(req.GetReason())
	})
}
