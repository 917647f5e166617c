package rpc

import (
	"context"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// maxChartPoints bounds the readings that a chart is made of: the newest of its window. So what it says can be computed again
// from the answer alone, and takes the same time however long a metric has been measured.
const maxChartPoints = 10_000

// AnalyzeMetric computes the process behaviour chart of a metric.
func (s *Server) AnalyzeMetric(ctx context.Context, req *experimentv1.AnalyzeMetricRequest) (*experimentv1.ProcessBehaviourChart, error) {
	window, err := chartWindow(req)
	if err != nil {
		return nil, err
	}
	metric, err := store.Metrics.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	read := s.log.DB().Read()
	frozen, err := store.Baselines.All(ctx, read, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	points, omitted, err := store.Latest(ctx, read, req.GetName(), window, maxChartPoints)
	if err != nil {
		return nil, err
	}
	analysis := domain.Analysis{
		Window: window, Baselines: store.Plain(frozen), BaselinePoints: int(req.GetBaselinePoints()), Omitted: omitted, Method: metric.Value.Method(),
	}
	if n := min(analysis.BaselinePoints, domain.MaxBaseline); n > 0 && omitted > 0 && len(frozen) == 0 {
		if analysis.First, err = store.First(ctx, read, req.GetName(), window, n); err != nil {
			return nil, err
		}
	}
	named := convert(frozen, func(row record.Row[domain.FrozenBaseline]) string { return row.Value.Name })
	return wire.Chart(req.GetName(), analysis.Chart(points), named), nil
}

// chartWindow is the stretch of time that is asked for.
func chartWindow(req *experimentv1.AnalyzeMetricRequest) (w domain.Window, err error) {
	if w.From, err = instant("start_time", req.GetStartTime()); err != nil {
		return w, err
	}
	if w.To, err = instant("end_time", req.GetEndTime()); err != nil {
		return w, err
	}
	if !w.To.IsZero() && !w.To.After(w.From) {
		return w, fault.Invalid("end_time", "WINDOW_INVALID", "The window ends before it begins. Give an end that is later than the start.")
	}
	return w, nil
}
