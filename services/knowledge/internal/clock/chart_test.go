package clock_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/clock"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

const measured = "teams/payments/metrics/review-wait"

// fakeExperiments answers with one experiment and its chart.
type fakeExperiments struct {
	experimentv1.UnimplementedExperimentServiceServer
	experiment             *experimentv1.Experiment
	points                 int
	failing                error
	asked                  []*experimentv1.AnalyzeMetricRequest
	experiments, strangers int
}

func (f *fakeExperiments) GetExperiment(ctx context.Context, r *experimentv1.GetExperimentRequest) (*experimentv1.Experiment, error) {
	f.experiments++
	if md, _ := metadata.FromIncomingContext(ctx); len(md.Get("as")) != 1 {
		f.strangers++
	}
	if f.failing != nil {
		return nil, f.failing
	}
	f.experiment.Name = r.GetName()
	return f.experiment, nil
}

func (f *fakeExperiments) GetMetric(_ context.Context, r *experimentv1.GetMetricRequest) (*experimentv1.Metric, error) {
	return &experimentv1.Metric{Name: r.GetName(), DisplayName: "Review wait", Unit: "h", Source: "an inner address", Etag: "x"}, nil
}

// AnalyzeMetric has two stretches, a signal of each point, and one of the first and the last.
func (f *fakeExperiments) AnalyzeMetric(_ context.Context, r *experimentv1.AnalyzeMetricRequest) (*experimentv1.ProcessBehaviourChart, error) {
	f.asked = append(f.asked, r)
	n := int32(f.points)
	c := &experimentv1.ProcessBehaviourChart{Metric: r.GetName(), Signals: []*experimentv1.Signal{{Rule: "R2", Points: []int32{0, n - 1}}}}
	for i := range n {
		c.Points = append(c.Points, &experimentv1.ChartPoint{Time: timestamppb.New(day(int(i))), Value: float64(i)})
		c.Signals = append(c.Signals, &experimentv1.Signal{Rule: "R1", Points: []int32{i}})
	}
	c.Segments = []*experimentv1.ChartSegment{{EndPoint: n / 2}, {FirstPoint: n / 2, EndPoint: n}}
	return c, nil
}

func day(i int) time.Time { return time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC).AddDate(0, 0, i) }

// judged is an experiment with a baseline from day 0 on and a window from day 14 to 28.
func judged() *experimentv1.Experiment {
	return &experimentv1.Experiment{
		Prediction: &experimentv1.Prediction{Metric: measured},
		Outcome: &experimentv1.Outcome{
			Limits:      &experimentv1.Limits{FirstTime: timestamppb.New(day(0)), Count: 12},
			WindowStart: timestamppb.New(day(14)), WindowEnd: timestamppb.New(day(28)),
		},
	}
}

// board is a knowledge base with published learnings, and the task that fetches their charts.
type board struct {
	*testing.T
	log   *eventlog.Log
	clock *testkit.Clock
	fake  *fakeExperiments
	task  clock.Task
	names []string
}

func newBoard(t *testing.T, engine db.Engine, fake *fakeExperiments, learnings int) *board {
	t.Helper()
	kit := testkit.New(t)
	channel := &inprocgrpc.Channel{}
	experimentv1.RegisterExperimentServiceServer(channel, fake)
	tasks := clock.Charts(func(string) grpc.ClientConnInterface { return channel },
		func(ctx context.Context) context.Context {
			return metadata.AppendToOutgoingContext(ctx, "as", "knowledge")
		})
	b := &board{T: t, log: kit.Log(engine, "knowledge", migrations.FS), clock: kit.Clock, fake: fake, task: tasks[0]}
	err := b.log.Do(t.Context(), func(tx *eventlog.Tx) error {
		b.names = nil
		for i := range learnings {
			experiment := fmt.Sprint("teams/payments/cycles/2026-w24/experiments/e-", i)
			err := store.Learn(tx, experiment, func(l *domain.Learning) []domain.Event {
				b.names = append(b.names, l.Name)
				return l.Distil(domain.Distillate{Experiment: experiment, Claim: "A rota halves the wait."}, day(30))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// run does the task once for each learning that it is due for.
func (b *board) run() (failed error) {
	b.Helper()
	for _, name := range b.due() {
		if err := b.task.Do(b.Context(), b.log, name); err != nil {
			failed = err
		}
	}
	return failed
}

func (b *board) due() []string {
	b.Helper()
	due, err := store.DueNow(b.Context(), b.log, store.FetchChart)
	if err != nil {
		b.Fatal(err)
	}
	return due
}

func (b *board) chart(name string) (*knowledgev1.LearningChart, bool) {
	b.Helper()
	row, err := store.Get(b.Context(), b.log, name)
	if err != nil {
		b.Fatal(err)
	}
	chart, found, err := store.ChartOf(b.Context(), b.log, name)
	if err != nil {
		b.Fatal(err)
	}
	if row.Value.HasChart != found {
		b.Errorf("a chart %v, and the learning says %v", found, row.Value.HasChart)
	}
	return chart, found
}

func TestAChartIsKept(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			fake := &fakeExperiments{experiment: judged(), points: 26}
			b := newBoard(t, engine, fake, 1)
			if err := b.run(); err != nil {
				t.Fatal(err)
			}
			chart, _ := b.chart(b.names[0])
			if m := chart.GetMetric(); chart.GetName() != b.names[0] || m.GetDisplayName() != "Review wait" || m.GetUnit() != "h" || m.GetSource() != "" || m.GetEtag() != "" {
				t.Errorf("kept with %v", m)
			}
			if c := chart.GetChart(); len(c.GetPoints()) != 26 || len(c.GetSignals()) != 27 || c.GetOmittedPoints() != 0 {
				t.Errorf("kept %v", c)
			}
			if len(fake.asked) != 1 || fake.strangers != 0 {
				t.Fatalf("asked %v, %d times as nobody", fake.asked, fake.strangers)
			}
			r := fake.asked[0]
			if r.GetName() != measured || !r.GetStartTime().AsTime().Equal(day(0)) || !r.GetEndTime().AsTime().Equal(day(28)) || r.GetBaselinePoints() != 12 {
				t.Errorf("asked %v", r)
			}
			if due := b.due(); len(due) != 0 {
				t.Errorf("still due: %v", due)
			}
			before, err := store.Get(t.Context(), b.log, b.names[0])
			if err != nil {
				t.Fatal(err)
			}
			fake.points = 27 // fetched again: what is newer is kept, and nobody is told once more
			if err := b.task.Do(t.Context(), b.log, b.names[0]); err != nil {
				t.Fatal(err)
			}
			after, err := store.Get(t.Context(), b.log, b.names[0])
			if chart, _ := b.chart(b.names[0]); err != nil || after.Version != before.Version || len(chart.GetChart().GetPoints()) != 27 {
				t.Errorf("again: revision %d after %d, %v, %v", after.Version, before.Version, chart, err)
			}
		})
	}
}

func TestWithoutReadingsThereIsNoChart(t *testing.T) {
	without := func(change func(*experimentv1.Experiment)) *experimentv1.Experiment {
		e := judged()
		change(e)
		return e
	}
	for what, fake := range map[string]*fakeExperiments{
		"no metric":       {experiment: without(func(e *experimentv1.Experiment) { e.Prediction = nil }), points: 9},
		"no outcome":      {experiment: without(func(e *experimentv1.Experiment) { e.Outcome = nil }), points: 9},
		"no readings":     {experiment: judged()},
		"a journal":       {experiment: without(func(e *experimentv1.Experiment) { e.Outcome = &experimentv1.Outcome{} }), points: 9},
		"no experiment":   {failing: status.Error(codes.NotFound, "no")},
		"an empty window": {experiment: without(func(e *experimentv1.Experiment) { e.Outcome.WindowEnd = timestamppb.New(day(0)) }), points: 9},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBoard(t, db.SQLite, fake, 1)
			if err := b.run(); err != nil {
				t.Fatal(err)
			}
			if _, found := b.chart(b.names[0]); found || len(b.due()) != 0 {
				t.Errorf("a chart: %v, due: %v", found, b.due())
			}
		})
	}
	b := newBoard(t, db.SQLite, &fakeExperiments{}, 0)
	if err := b.task.Do(t.Context(), b.log, "learnings/none"); err != nil {
		t.Errorf("without a learning: %v", err)
	}
}

// Without limits the chart shows the readings that count; without a window end, up to the last of them.
func TestTheWindowOfAChart(t *testing.T) {
	e := judged()
	e.Outcome.Limits, e.Outcome.WindowStart, e.Outcome.WindowEnd = nil, nil, nil
	e.Outcome.FirstReadingTime, e.Outcome.LastReadingTime = timestamppb.New(day(3)), timestamppb.New(day(5))
	fake := &fakeExperiments{experiment: e, points: 3}
	if err := newBoard(t, db.SQLite, fake, 1).run(); err != nil {
		t.Fatal(err)
	}
	r := fake.asked[0]
	if !r.GetStartTime().AsTime().Equal(day(3)) || !r.GetEndTime().AsTime().After(day(5)) || r.GetEndTime().AsTime().After(day(6)) || r.GetBaselinePoints() != 0 {
		t.Errorf("asked %v", r)
	}
}

func TestNoChartIsLostWhileTheExperimentServiceIsDown(t *testing.T) {
	fake := &fakeExperiments{experiment: judged(), points: 9, failing: status.Error(codes.Unavailable, "down")}
	b := newBoard(t, db.SQLite, fake, 3)
	for range 2 {
		if err := b.run(); status.Code(err) != codes.Unavailable {
			t.Fatalf("while it is down: %v", err)
		}
	}
	if fake.experiments != 1 {
		t.Errorf("asked %d times in vain", fake.experiments)
	}
	if len(b.due()) != 3 {
		t.Errorf("due: %v", b.due())
	}
	fake.failing = nil
	b.clock.Advance(time.Minute)
	if err := b.run(); err != nil || len(b.due()) != 0 {
		t.Fatalf("when it is up again: %v, due %v", err, b.due())
	}
	for _, name := range b.names {
		if _, found := b.chart(name); !found {
			t.Errorf("%s has no chart", name)
		}
	}
}

// A chart that cannot be made does not keep others from being made.
func TestAChartThatFailsIsPutOff(t *testing.T) {
	fake := &fakeExperiments{experiment: judged(), points: 9, failing: status.Error(codes.Internal, "broken")}
	b := newBoard(t, db.SQLite, fake, 2)
	if err := b.run(); status.Code(err) != codes.Internal || fake.experiments != 2 || len(b.due()) != 0 {
		t.Fatalf("%v, asked %d times, due %v", err, fake.experiments, b.due())
	}
	fake.failing = nil
	b.clock.Advance(time.Hour)
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	if _, found := b.chart(b.names[1]); !found {
		t.Error("never tried again")
	}
}

func TestALongChartKeepsItsLatestPoints(t *testing.T) {
	b := newBoard(t, db.SQLite, &fakeExperiments{experiment: judged(), points: 1200}, 1)
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	kept, _ := b.chart(b.names[0])
	c := kept.GetChart()
	last := c.GetPoints()[len(c.GetPoints())-1]
	if len(c.GetPoints()) != 500 || last.GetValue() != 1199 || c.GetOmittedPoints() != 700 {
		t.Errorf("%d points up to %v, %d left out", len(c.GetPoints()), last.GetValue(), c.GetOmittedPoints())
	}
	if s := c.GetSegments(); len(s) != 1 || s[0].GetFirstPoint() != 0 || s[0].GetEndPoint() != 500 {
		t.Errorf("stretches %v", s)
	}
	if s := c.GetSignals(); len(s) != 501 || !slices.Equal(s[0].GetPoints(), []int32{499}) || !slices.Equal(s[1].GetPoints(), []int32{0}) {
		t.Errorf("%d signals, the first %v and %v", len(s), s[0], s[1])
	}
}
