package rpc

import (
	"context"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// GetLearningChart gets the chart of what happened. Who may read the learning may see it, whoever may read the metric.
// Reasons: LEARNING_NOT_FOUND, LEARNING_CHART_NOT_FOUND.
func (s *Server) GetLearningChart(ctx context.Context, req *knowledgev1.GetLearningChartRequest) (*knowledgev1.LearningChart, error) {
	row, err := store.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := may(caller.From(ctx), read, row.Value); err != nil {
		return nil, err
	}
	chart, found, err := store.ChartOf(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.NotFound, "LEARNING_CHART_NOT_FOUND", "There is no chart of %s: it is made a moment after the learning, "+
			"when its experiment predicted a metric and was concluded with readings of it. The learning says in words what happened.", req.GetName())
	}
	return chart, nil
}
