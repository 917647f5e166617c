package clock

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

const (
	// mostPoints is how many points of a chart are kept, the latest ones: enough to see a baseline and what came after it.
	mostPoints = 500
	// chartPatience bounds what is asked for one chart.
	chartPatience = 5 * time.Second
	// chartPause is how long nobody is asked again after the experiment service could not be reached, so that what else is due goes on.
	chartPause = 5 * time.Second
	// chartRetry is when a chart is tried again that the experiment service could not make; other charts come first.
	chartRetry = time.Minute
)

// Charts are the tasks that keep the charts of what happened. conn reaches the services that are asked, asService puts the credential
// of this service on what is asked with the context.
func Charts(conn func(service string) grpc.ClientConnInterface, asService func(context.Context) context.Context) []Task {
	c := &charts{experiments: experimentv1.NewExperimentServiceClient(conn("experiment")), asService: asService}
	return []Task{{Task: store.FetchChart, Do: c.fetch}}
}

// charts asks for charts, one at a time.
type charts struct {
	experiments experimentv1.ExperimentServiceClient
	asService   func(context.Context) context.Context
	// away is the last failure to reach the experiment service, and pause until when nobody tries again.
	away  error
	pause time.Time
}

// fetch keeps the chart of a learning. Without a metric or readings there is none, and nothing is left to do.
func (c *charts) fetch(ctx context.Context, l *eventlog.Log, name string) error {
	if l.Now().Before(c.pause) {
		return c.away
	}
	row, err := store.Get(ctx, l, name)
	if f := fault.From(err); f != nil && f.Kind == fault.NotFound {
		return l.Do(ctx, func(tx *eventlog.Tx) error { return store.Done(tx, store.FetchChart, name) })
	}
	if err != nil {
		return err
	}
	chart, err := c.ask(ctx, row.Value)
	switch status.Code(err) {
	case codes.OK:
	case codes.NotFound, codes.InvalidArgument, codes.FailedPrecondition: // there is no such experiment or metric any more, or nothing to draw
		chart = nil
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		c.away, c.pause = err, l.Now().Add(chartPause)
		return err
	default:
		later := l.Do(ctx, func(tx *eventlog.Tx) error { return store.MakeDue(tx, store.FetchChart, name, l.Now().Add(chartRetry)) })
		return errors.Join(err, later)
	}
	return l.Do(ctx, func(tx *eventlog.Tx) error { return keep(tx, name, chart) })
}

// keep keeps a chart, nil for none, and has the learning say so.
func keep(tx *eventlog.Tx, name string, chart *knowledgev1.LearningChart) error {
	if chart != nil {
		if err := store.KeepChart(tx, chart); err != nil {
			return err
		}
		if _, err := store.Change(tx, name, "", func(l *domain.Learning, _ time.Time) ([]domain.Event, error) { return l.Charted(), nil }); err != nil {
			return err
		}
	}
	return store.Done(tx, store.FetchChart, name)
}

// ask asks for the readings that decided, and those that they were judged by; nil when there are none.
func (c *charts) ask(ctx context.Context, l *domain.Learning) (*knowledgev1.LearningChart, error) {
	if l.Experiment == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(c.asService(ctx), chartPatience)
	defer cancel()
	experiment, err := c.experiments.GetExperiment(ctx, &experimentv1.GetExperimentRequest{Name: l.Experiment})
	if err != nil {
		return nil, err
	}
	request := window(experiment)
	if request == nil {
		return nil, nil
	}
	chart, err := c.experiments.AnalyzeMetric(ctx, request)
	if err != nil || len(chart.GetPoints()) == 0 {
		return nil, err
	}
	metric, err := c.experiments.GetMetric(ctx, &experimentv1.GetMetricRequest{Name: request.GetName()})
	if err != nil {
		return nil, err
	}
	return &knowledgev1.LearningChart{Name: l.Name, Chart: latest(chart, mostPoints), Metric: &experimentv1.Metric{
		Name: metric.GetName(), DisplayName: metric.GetDisplayName(), Unit: metric.GetUnit(), Direction: metric.GetDirection(), Kind: metric.GetKind(),
	}}, nil
}

// window is what to ask for: the readings from the baseline that the experiment was judged by until its conclusion; nil when it was
// judged by no readings.
func window(e *experimentv1.Experiment) *experimentv1.AnalyzeMetricRequest {
	o := e.GetOutcome()
	metric := e.GetPrediction().GetMetric()
	first, end := o.GetLimits().GetFirstTime(), o.GetWindowEnd()
	for _, next := range []*timestamppb.Timestamp{o.GetWindowStart(), o.GetFirstReadingTime()} {
		if first == nil {
			first = next
		}
	}
	if end == nil && o.GetLastReadingTime() != nil {
		end = timestamppb.New(o.GetLastReadingTime().AsTime().Add(time.Microsecond)) // the end is not part of a window
	}
	if metric == "" || first == nil || end == nil || !first.AsTime().Before(end.AsTime()) {
		return nil
	}
	return &experimentv1.AnalyzeMetricRequest{Name: metric, StartTime: first, EndTime: end, BaselinePoints: o.GetLimits().GetCount()}
}

// latest leaves so many points of a chart, the latest, with the signals and stretches that are about them.
func latest(c *experimentv1.ProcessBehaviourChart, most int) *experimentv1.ProcessBehaviourChart {
	gone := int32(len(c.GetPoints()) - most)
	if gone <= 0 {
		return c
	}
	c.Points = c.GetPoints()[gone:]
	c.OmittedPoints += gone
	for _, s := range c.GetSegments() {
		s.FirstPoint, s.EndPoint = max(s.GetFirstPoint()-gone, 0), s.GetEndPoint()-gone
	}
	c.Segments = slices.DeleteFunc(c.GetSegments(), func(s *experimentv1.ChartSegment) bool { return s.GetEndPoint() <= 0 })
	for _, s := range c.GetSignals() {
		for i := range s.GetPoints() {
			s.Points[i] -= gone
		}
		s.Points = slices.DeleteFunc(s.GetPoints(), func(i int32) bool { return i < 0 })
	}
	c.Signals = slices.DeleteFunc(c.GetSignals(), func(s *experimentv1.Signal) bool { return len(s.GetPoints()) == 0 })
	return c
}
