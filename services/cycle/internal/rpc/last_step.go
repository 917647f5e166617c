package rpc

import (
	"context"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

const askedPageSize = 1000

// lastStep asks experiment for the experiment that the team started last, and whether its facts are in. It runs before the
// transaction, as ask does. Cycles do not overlap, so the latest one with a started experiment has it.
func (s *Server) lastStep(ctx context.Context, team string) (*domain.LastStep, error) {
	query := record.PageOf(ctx, &cyclev1.ListCyclesRequest{Parent: team, PageSize: askedPageSize})
	for {
		cycles, next, err := store.Cycles.List(ctx, s.log, query)
		if err != nil {
			return nil, err
		}
		for _, cycle := range cycles {
			last, err := s.startedLast(ctx, cycle.Value.Name)
			if err != nil {
				return nil, err
			}
			if last == nil {
				continue
			}
			facts := wire.Ended(last)
			if !facts {
				if facts, err = s.measuredSince(ctx, last); err != nil {
					return nil, err
				}
			}
			return &domain.LastStep{Experiment: last.GetName(), Facts: facts}, nil
		}
		if query.PageToken = next; next == "" {
			return &domain.LastStep{}, nil
		}
	}
}

// startedLast is the experiment of the cycle that was started last; nil when none was.
func (s *Server) startedLast(ctx context.Context, cycle string) (*experimentv1.Experiment, error) {
	experiments, err := s.experimentsOf(ctx, cycle)
	if err != nil {
		return nil, err
	}
	var last *experimentv1.Experiment
	for _, x := range experiments {
		if x.GetStartTime() != nil && (last == nil || x.GetStartTime().AsTime().After(last.GetStartTime().AsTime())) {
			last = x
		}
	}
	return last, nil
}

// measuredSince tells whether the experiment's metric has a measurement that was taken since the start.
func (s *Server) measuredSince(ctx context.Context, x *experimentv1.Experiment) (bool, error) {
	for page := ""; ; {
		answer, err := s.experiments.ListMeasurements(ctx, &experimentv1.ListMeasurementsRequest{Parent: x.GetPrediction().GetMetric(), PageSize: askedPageSize, PageToken: page})
		if err != nil {
			return false, err
		}
		points := answer.GetMeasurements()
		if n := len(points); n > 0 && !points[n-1].GetTime().AsTime().Before(x.GetStartTime().AsTime()) { // they come in time order
			return true, nil
		}
		if page = answer.GetNextPageToken(); page == "" {
			return false, nil
		}
	}
}
