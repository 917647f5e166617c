package rpc

import (
	"context"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// AssessExperiment tells what the plan of an experiment could show.
func (s *Server) AssessExperiment(ctx context.Context, req *experimentv1.AssessExperimentRequest) (*experimentv1.Assessment, error) {
	row, err := store.Experiments.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	e, now := row.Value, s.log.Now()
	metric, frozen, err := s.metricOf(ctx, e)
	if err != nil {
		return nil, err
	}
	readings, err := s.readingsSoFar(ctx, e, now)
	if err != nil {
		return nil, err
	}
	assessment, err := e.Assess(wire.PlanQuestionFrom(req), metric, readings, e.Judging(metric, frozen, now), now)
	if err != nil {
		return nil, err
	}
	return wire.Assessment(e.Name, assessment), nil
}

// metricOf returns the metric of a prediction with its frozen baselines; nil when it does not exist.
func (s *Server) metricOf(ctx context.Context, e *domain.Experiment) (*domain.Metric, []domain.FrozenBaseline, error) {
	metric, err := store.Metrics.Get(ctx, s.log, e.Prediction.Metric)
	if err != nil {
		if fault.From(err).Kind == fault.NotFound {
			err = nil
		}
		return nil, nil, err
	}
	frozen, err := store.Baselines.All(ctx, s.log.DB().Read(), s.log, e.Prediction.Metric)
	return metric.Value, store.Decided(frozen), err
}

// readingsSoFar returns the readings that a plan starts from.
func (s *Server) readingsSoFar(ctx context.Context, e *domain.Experiment, now time.Time) ([]domain.Reading, error) {
	if e.StartTime.IsZero() {
		return store.ReadingsUntil(ctx, s.log.DB().Read(), e.Prediction.Metric, domain.TakenUntil(now))
	}
	return store.Evidence(ctx, s.log.DB().Read(), e.Prediction.Metric, e.StartTime, e.StartOrdinal, now)
}
