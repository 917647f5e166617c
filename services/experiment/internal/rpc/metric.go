package rpc

import (
	"context"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// CreateMetric creates a metric.
func (s *Server) CreateMetric(ctx context.Context, req *experimentv1.CreateMetricRequest) (*experimentv1.Metric, error) {
	m := wire.MetricFrom(req.GetParent()+"/metrics/"+names.ID(req.GetMetricId()), req.GetMetric())
	if err := m.Check(); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.Metric, error) {
		row, err := store.Metrics.Create(tx, m, domain.MetricEvent{})
		if err != nil {
			return nil, err
		}
		return wire.Metric(row), nil
	})
}

// GetMetric gets a metric.
func (s *Server) GetMetric(ctx context.Context, req *experimentv1.GetMetricRequest) (*experimentv1.Metric, error) {
	row, err := store.Metrics.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Metric(row), nil
}

// ListMetrics lists a team's metrics.
func (s *Server) ListMetrics(ctx context.Context, req *experimentv1.ListMetricsRequest) (*experimentv1.ListMetricsResponse, error) {
	rows, next, err := store.Metrics.List(ctx, s.log, page(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListMetricsResponse{Metrics: convert(rows, wire.Metric), NextPageToken: next}, nil
}
