package rpc

import (
	"context"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
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
	rows, next, err := store.Metrics.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListMetricsResponse{Metrics: convert(rows, wire.Metric), NextPageToken: next}, nil
}

// UpdateMetric changes what a metric is called and how its charts are drawn.
func (s *Server) UpdateMetric(ctx context.Context, req *experimentv1.UpdateMetricRequest) (*experimentv1.Metric, error) {
	given := req.GetMetric()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "display_name", "unit", "direction", "kind", "reading_rhythm", "source",
		"floor_at_zero", "detection_rules", "limit_form")
	if err != nil {
		return nil, err
	}
	next := wire.MetricFrom(given.GetName(), given)
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.Metric, error) {
		row, err := store.Metrics.Update(tx, given.GetName(), req.GetEtag(), func(m *domain.Metric, _ time.Time) ([]domain.MetricEvent, error) {
			return m.Edit(func(m *domain.Metric) { take(m, next, paths) })
		})
		if err != nil {
			return nil, err
		}
		return wire.Metric(row), nil
	})
}

// take changes the fields of m that the paths name to those of next.
func take(m, next *domain.Metric, paths []string) {
	for _, path := range paths {
		switch path {
		case "display_name":
			m.DisplayName = next.DisplayName
		case "unit":
			m.Unit = next.Unit
		case "direction":
			m.Direction = next.Direction
		case "kind":
			m.Kind = next.Kind
		case "reading_rhythm":
			m.ReadingRhythm = next.ReadingRhythm
		case "source":
			m.Source = next.Source
		case "floor_at_zero":
			m.FloorAtZero = next.FloorAtZero
		case "detection_rules":
			m.Rules = next.Rules
		case "limit_form":
			m.LimitForm = next.LimitForm
		}
	}
}
