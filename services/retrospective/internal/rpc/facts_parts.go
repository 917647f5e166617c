package rpc

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// window is the days of a cycle: from its first instant up to, and without, the instant after them.
type window struct {
	from, to time.Time
	zone     *time.Location
	// firstDay and lastDay are days of the zone, YYYY-MM-DD.
	firstDay, lastDay string
}

func windowOf(cycle *cyclev1.Cycle) window {
	zone, err := time.LoadLocation(cycle.GetTimeZone())
	if err != nil {
		zone = time.UTC // days of the texts are then those of UTC
	}
	w := window{from: cycle.GetStartTime().AsTime(), to: cycle.GetEndTime().AsTime(), zone: zone, firstDay: cycle.GetStartDate()}
	if end, err := time.Parse(time.DateOnly, cycle.GetEndDate()); err == nil {
		w.lastDay = end.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return w
}

// signals are what the charts of the team's metrics say of the cycle's days. A chart is made of all readings up to the end of the cycle:
// limits that rest on the cycle alone would hide what changed in it.
func (s *Server) signals(ctx context.Context, team string, w window) ([]domain.SignalFact, error) {
	metrics, err := pages(func(page string) ([]*experimentv1.Metric, string, error) {
		answer, err := s.experiments.ListMetrics(ctx, &experimentv1.ListMetricsRequest{Parent: team, PageSize: askedPageSize, PageToken: page})
		return answer.GetMetrics(), answer.GetNextPageToken(), err
	})
	if err != nil {
		return nil, err
	}
	found := make([][]domain.SignalFact, len(metrics))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(chartsAskedAtOnce)
	for i, metric := range metrics {
		group.Go(func() error {
			chart, err := s.experiments.AnalyzeMetric(ctx, &experimentv1.AnalyzeMetricRequest{Name: metric.GetName(), EndTime: timestamppb.New(w.to)})
			if err != nil {
				return err
			}
			found[i] = domain.SignalFacts(metric.GetName(), metric.GetDisplayName(), wire.ChartSignals(chart, w.from, w.zone))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var signals []domain.SignalFact
	for _, facts := range found {
		signals = append(signals, facts...)
	}
	return signals, nil
}

// obstacles are the team's obstacles that were touched on the cycle's days, by their history; as they stand now.
func (s *Server) obstacles(ctx context.Context, team string, w window) ([]domain.ObstacleFact, error) {
	touched := map[string]bool{}
	for page := ""; ; {
		answer, err := s.cycles.ListHistory(ctx, &cyclev1.ListHistoryRequest{Parent: team, Resource: team + "/obstacles", PageSize: askedPageSize, PageToken: page})
		if err != nil {
			return nil, err
		}
		before := false // the cycle: entries come the latest first
		for _, entry := range answer.GetEntries() {
			at := entry.GetChangeTime().AsTime()
			if before = at.Before(w.from); before {
				break
			}
			if at.Before(w.to) {
				touched[entry.GetResource()] = true
			}
		}
		if page = answer.GetNextPageToken(); page == "" || before {
			break
		}
	}
	if len(touched) == 0 {
		return nil, nil
	}
	obstacles, err := pages(func(page string) ([]*cyclev1.Obstacle, string, error) {
		answer, err := s.cycles.ListObstacles(ctx, &cyclev1.ListObstaclesRequest{Parent: team, PageSize: askedPageSize, PageToken: page})
		return answer.GetObstacles(), answer.GetNextPageToken(), err
	})
	if err != nil {
		return nil, err
	}
	return wire.ObstacleFacts(obstacles, touched), nil
}
