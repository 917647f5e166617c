package rpc_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// The same readings make the same chart, in whatever order and portions they arrive.
func TestTheOrderOfArrivalNeverMatters(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			all := daily(append(slices.Clone(golden), 60, 61, 60, 62, 64, 61, 63, 65, 90)...)
			twin := proto.CloneOf(all.GetMeasurements()[4])
			twin.SourceKey, twin.Value = "b", new(44.0) // two readings of one instant are in the order of their source keys
			all.Measurements = append(all.Measurements, twin)
			var want *experimentv1.ProcessBehaviourChart
			chance := rand.New(rand.NewPCG(1, 2))
			for round := range 4 {
				w := measured(t, engine)
				list := slices.Clone(all.GetMeasurements())
				if round > 0 {
					chance.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
				}
				for portion := range slices.Chunk(list, 5+round) {
					ok[*experimentv1.ImportMeasurementsResponse](t)(w.client.ImportMeasurements(w.member(), &experimentv1.ImportMeasurementsRequest{Name: wait, Measurements: portion}))
				}
				got := w.analyze(&experimentv1.AnalyzeMetricRequest{BaselinePoints: 12})
				if want == nil {
					want = got
					if len(got.GetSignals()) == 0 || got.GetShift().GetPoints() != 10 || !got.GetShift().GetAbove() || len(got.GetPoints()) != 22 {
						t.Fatalf("chart %v", got)
					}
				}
				if !proto.Equal(got, want) {
					t.Errorf("round %d: %v, want %v", round, got, want)
				}
			}
		})
	}
}

// A chart says all that is needed to compute it again.
func TestAChartTellsItsMethod(t *testing.T) {
	w := newWorld(t, db.SQLite)
	req := waitMetric("review-wait")
	req.Metric.FloorAtZero, req.Metric.LimitForm = true, experimentv1.LimitForm_LIMIT_FORM_MEDIAN
	req.Metric.DetectionRules = []experimentv1.DetectionRule{experimentv1.DetectionRule_DETECTION_RULE_R1}
	ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), req))
	w.wantImport(daily(3, 1, 4, 1, 5), 5, 0)
	c := w.analyze(&experimentv1.AnalyzeMetricRequest{})
	l := c.GetLimits()
	if l.GetForm() != experimentv1.LimitForm_LIMIT_FORM_MEDIAN || !l.GetFloorAtZero() || l.GetLower() != 0 || l.GetCentre() != 3 ||
		l.GetMedianMovingRange() != 3 || l.GetLimitFactor() != 3.145 || l.GetRangeFactor() != 3.865 || !slices.Equal(l.GetDetectionRules(), req.GetMetric().GetDetectionRules()) {
		t.Errorf("limits %v", l)
	}
	s := c.GetSegments()
	if !c.GetProvisional() || len(s) != 1 || !s[0].GetProvisional() || s[0].GetBaseline() != "" || s[0].GetEndPoint() != 5 || !proto.Equal(s[0].GetLimits(), l) {
		t.Errorf("segments %v", s)
	}
	frozen := w.freeze(freezing("first"))
	changed := waitMetric("").GetMetric()
	changed.Name, changed.LimitForm = wait, experimentv1.LimitForm_LIMIT_FORM_MEAN
	update := &experimentv1.UpdateMetricRequest{Metric: changed, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"limit_form"}}}
	if m := ok[*experimentv1.Metric](t)(w.client.UpdateMetric(w.member(), update)); m.GetLimitForm() != experimentv1.LimitForm_LIMIT_FORM_MEAN {
		t.Fatal(m)
	}
	if got := w.analyze(&experimentv1.AnalyzeMetricRequest{}).GetLimits(); !proto.Equal(got, frozen.GetLimits()) {
		t.Errorf("another form of the metric changed frozen limits to %v", got)
	}
}

func TestAWindowOfAChart(t *testing.T) {
	w := measured(t, db.SQLite)
	w.wantImport(daily(golden...), 12, 0)
	c := w.analyze(&experimentv1.AnalyzeMetricRequest{StartTime: at(2), EndTime: at(8)})
	if p := c.GetPoints(); len(p) != 6 || p[0].GetValue() != golden[2] || p[0].MovingRange != nil || p[5].GetValue() != golden[7] || c.GetLimits().GetCount() != 6 {
		t.Errorf("chart %v", c)
	}
	w.freeze(freezing("first"))
	c = w.analyze(&experimentv1.AnalyzeMetricRequest{StartTime: at(10)})
	if len(c.GetPoints()) != 2 || c.GetLimits().GetCount() != 12 || c.GetSegments()[0].GetBaseline() != wait+"/baselines/first" {
		t.Errorf("a window is not judged by the baseline in force: %v", c)
	}
	for _, end := range []*timestamppb.Timestamp{at(2), at(1)} {
		_, err := w.client.AnalyzeMetric(w.member(), &experimentv1.AnalyzeMetricRequest{Name: wait, StartTime: at(2), EndTime: end})
		wantFault(t, err, fault.InvalidArgument, "WINDOW_INVALID", "end_time WINDOW_INVALID")
	}
	_, err := w.client.AnalyzeMetric(w.member(), &experimentv1.AnalyzeMetricRequest{Name: wait, StartTime: &timestamppb.Timestamp{Nanos: -1}})
	wantFault(t, err, fault.InvalidArgument, "TIME_INVALID", "start_time TIME_INVALID")
}

// A chart is made of the newest 10,000 points of its window, and the answer says how many it leaves out.
func TestALongChart(t *testing.T) {
	w := measured(t, db.SQLite)
	w.clock.add(30 * 365 * 24 * time.Hour) // after the last of the readings
	values := make([]float64, 10_250)
	for i := range values {
		values[i] = float64(i * 7919 % 1000)
	}
	for portion := range slices.Chunk(daily(values...).GetMeasurements(), 1000) {
		ok[*experimentv1.ImportMeasurementsResponse](t)(w.client.ImportMeasurements(w.member(), &experimentv1.ImportMeasurementsRequest{Name: wait, Measurements: portion}))
	}
	c := w.analyze(&experimentv1.AnalyzeMetricRequest{})
	if p := c.GetPoints(); len(p) != 10_000 || p[0].GetValue() != values[250] || p[0].MovingRange != nil || c.GetOmittedPoints() != 250 ||
		c.GetLimits().GetCount() != 10_000 || c.GetSegments()[0].GetEndPoint() != 10_000 {
		t.Errorf("%d points, %d left out, limits %v", len(c.GetPoints()), c.GetOmittedPoints(), c.GetLimits())
	}
	// Every number of it can be had from the answer alone: the same window, asked for by its first point.
	again := w.analyze(&experimentv1.AnalyzeMetricRequest{StartTime: c.GetPoints()[0].GetTime()})
	if again.GetOmittedPoints() != 0 || !proto.Equal(again.GetLimits(), c.GetLimits()) || len(again.GetSignals()) != len(c.GetSignals()) {
		t.Errorf("the same window: %v and %d left out", again.GetLimits(), again.GetOmittedPoints())
	}
	// The first points of the window make the baseline that is asked for, also where they lie before the answer.
	first := w.analyze(&experimentv1.AnalyzeMetricRequest{BaselinePoints: 12})
	early := w.analyze(&experimentv1.AnalyzeMetricRequest{BaselinePoints: 12, EndTime: at(20)})
	if first.GetOmittedPoints() != 250 || first.GetLimits().GetCount() != 12 || !proto.Equal(first.GetLimits(), early.GetLimits()) {
		t.Errorf("limits %v, want %v", first.GetLimits(), early.GetLimits())
	}
	_, err := w.client.CreateBaseline(w.member(), &experimentv1.CreateBaselineRequest{
		Parent: wait, Baseline: &experimentv1.Baseline{Decision: &experimentv1.BaselineDecision{Reason: "Everything"}},
	})
	wantFault(t, err, fault.InvalidArgument, "BASELINE_TOO_LONG", "baseline.window BASELINE_TOO_LONG")
}
