package rpc

import (
	"context"

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
	e := row.Value
	metric, frozen, readings, err := s.measuredSoFar(ctx, e.Prediction.Metric)
	if err != nil {
		return nil, err
	}
	now := s.log.Now()
	assessment, err := e.Assess(wire.PlanQuestionFrom(req), metric, readings, e.Judging(metric, frozen, now), now)
	if err != nil {
		return nil, err
	}
	return wire.Assessment(e.Name, assessment), nil
}

// measuredSoFar returns a metric with its frozen baselines and its readings; nil when it does not exist.
func (s *Server) measuredSoFar(ctx context.Context, name string) (*domain.Metric, []domain.FrozenBaseline, []domain.Reading, error) {
	metric, err := store.Metrics.Get(ctx, s.log, name)
	if err != nil {
		if fault.From(err).Kind == fault.NotFound {
			err = nil
		}
		return nil, nil, nil, err
	}
	frozen, err := store.Baselines.All(ctx, s.log.DB().Read(), s.log, name)
	if err != nil {
		return nil, nil, nil, err
	}
	readings, err := store.Readings(ctx, s.log.DB().Read(), name)
	return metric.Value, store.Decided(frozen), readings, err
}
