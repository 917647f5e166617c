package rpc_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// daily is an import of one reading a day from the first of May on.
func daily(values ...float64) *experimentv1.ImportMeasurementsRequest {
	req := &experimentv1.ImportMeasurementsRequest{Name: wait}
	for i, v := range values {
		at := time.Date(2026, 5, 1+i, 9, 0, 0, 0, time.UTC)
		req.Measurements = append(req.Measurements, &experimentv1.Measurement{Time: timestamppb.New(at), Value: new(v)})
	}
	return req
}

var nist = []float64{49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1}

func measured(t *testing.T, engine db.Engine) *world {
	w := newWorld(t, engine)
	ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
	return w
}

// wantImport imports and checks how many were new and how many repeated.
func (w *world) wantImport(req *experimentv1.ImportMeasurementsRequest, imported, repeated int32) {
	w.t.Helper()
	got := ok[*experimentv1.ImportMeasurementsResponse](w.t)(w.client.ImportMeasurements(w.member(), req))
	if got.GetImported() != imported || got.GetRepeated() != repeated {
		w.t.Errorf("imported %d, repeated %d; want %d and %d", got.GetImported(), got.GetRepeated(), imported, repeated)
	}
}

func TestImportIsIdempotent(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			w := measured(t, engine)
			w.wantImport(daily(nist[:5]...), 5, 0)
			w.wantImport(daily(nist...), 5, 5)
			w.wantImport(daily(nist...), 0, 10)
			list := ok[*experimentv1.ListMeasurementsResponse](t)(w.client.ListMeasurements(w.member(), &experimentv1.ListMeasurementsRequest{Parent: wait}))
			var got []float64
			for _, m := range list.GetMeasurements() {
				got = append(got, m.GetValue())
			}
			if !slices.Equal(got, nist) || list.GetNextPageToken() != "" {
				t.Errorf("listed %v", got)
			}
			if got := w.events(); !slices.Equal(got, []string{"MetricCreated", "MeasurementsRecorded", "MeasurementsRecorded"}) {
				t.Errorf("events %v", got)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	w := measured(t, db.SQLite)
	w.wantImport(daily(1), 1, 0)
	for name, c := range map[string]struct {
		req    *experimentv1.ImportMeasurementsRequest
		kind   fault.Kind
		reason string
		want   []string
	}{
		"contradictions in a list": {daily(3, 4), fault.InvalidArgument, "MEASUREMENTS_INVALID", []string{"measurements[0].value MEASUREMENT_CONFLICT"}},
		"NaN in a list":            {daily(1, math.NaN()), fault.InvalidArgument, "VALIDATION_FAILED", []string{"measurements[1].value DOUBLE_FINITE"}},
		"too much":                 {daily(1, 2e300), fault.InvalidArgument, "MEASUREMENTS_INVALID", []string{"measurements[1].value VALUE_OUT_OF_RANGE"}},
		"no time": {
			&experimentv1.ImportMeasurementsRequest{Measurements: []*experimentv1.Measurement{{Value: new(1.0)}}},
			fault.InvalidArgument, "VALIDATION_FAILED",
			[]string{"measurements[0].time REQUIRED"},
		},
		"a time that no calendar has": {
			&experimentv1.ImportMeasurementsRequest{Measurements: []*experimentv1.Measurement{{Time: &timestamppb.Timestamp{Seconds: 1 << 60}, Value: new(1.0)}}},
			fault.InvalidArgument, "MEASUREMENTS_INVALID",
			[]string{"measurements[0].time TIME_INVALID"},
		},
		"a time that has not come": {
			&experimentv1.ImportMeasurementsRequest{Measurements: []*experimentv1.Measurement{{Time: timestamppb.New(w.clock.Now().AddDate(10, 0, 0)), Value: new(1.0)}}},
			fault.InvalidArgument, "MEASUREMENTS_INVALID",
			[]string{"measurements[0].time TIME_AHEAD"},
		},
		"no value": {
			&experimentv1.ImportMeasurementsRequest{Measurements: []*experimentv1.Measurement{{Time: timestamppb.New(w.clock.Now())}}},
			fault.InvalidArgument, "VALIDATION_FAILED",
			[]string{"measurements[0].value REQUIRED"},
		},
		"too many": {
			&experimentv1.ImportMeasurementsRequest{Measurements: slices.Repeat(daily(1).GetMeasurements(), 10_001)},
			fault.InvalidArgument, "VALIDATION_FAILED",
			[]string{"measurements MEASUREMENTS_TOO_MANY"},
		},
		"nothing": {&experimentv1.ImportMeasurementsRequest{}, fault.InvalidArgument, "MEASUREMENTS_MISSING", []string{"measurements MEASUREMENTS_MISSING"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.req.Name = wait
			for _, c.req.ValidateOnly = range []bool{true, false} {
				_, err := w.client.ImportMeasurements(w.member(), c.req)
				wantFault(t, err, c.kind, c.reason, c.want...)
			}
		})
	}
	for _, only := range []bool{true, false} {
		req := daily(1)
		req.Name, req.ValidateOnly = team+"/metrics/none", only
		_, err := w.client.ImportMeasurements(w.member(), req)
		wantFault(t, err, fault.NotFound, "METRIC_NOT_FOUND")
	}
	if list := ok[*experimentv1.ListMeasurementsResponse](t)(w.client.ListMeasurements(w.member(), &experimentv1.ListMeasurementsRequest{Parent: wait})); len(list.GetMeasurements()) != 1 {
		t.Errorf("refused imports left %v", list)
	}
}

func TestValidateOnlyWritesNothing(t *testing.T) {
	w := measured(t, db.SQLite)
	w.wantImport(daily(1), 1, 0)
	req := daily(1, 2)
	req.ValidateOnly, req.RequestId = true, "k1"
	w.wantImport(req, 1, 1)
	w.wantImport(req, 1, 1)
	if got := w.events(); len(got) != 2 {
		t.Errorf("events %v", got)
	}
}

func TestImportAgainWithTheSameKey(t *testing.T) {
	w := measured(t, db.SQLite)
	req := daily(1, 2)
	req.RequestId = "k1"
	w.wantImport(req, 2, 0)
	w.wantImport(req, 2, 0) // the first answer again, not a second import
	if !replayed(t, func(option grpc.CallOption) error {
		_, err := w.client.ImportMeasurements(w.member(), req, option)
		return err
	}) {
		t.Error("not marked as a repetition")
	}
}

func TestListMeasurementsPages(t *testing.T) {
	w := measured(t, db.SQLite)
	w.wantImport(daily(nist...), 10, 0)
	req := &experimentv1.ListMeasurementsRequest{Parent: wait, PageSize: 4}
	var got []float64
	for {
		page := ok[*experimentv1.ListMeasurementsResponse](t)(w.client.ListMeasurements(w.member(), req))
		for _, m := range page.GetMeasurements() {
			got = append(got, m.GetValue())
		}
		if page.GetNextPageToken() == "" {
			break
		}
		req.PageToken = page.GetNextPageToken()
	}
	if !slices.Equal(got, nist) {
		t.Errorf("listed %v", got)
	}
	req.PageToken = "AAAA"
	_, err := w.client.ListMeasurements(w.member(), req)
	wantFault(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID")
	_, err = w.client.ListMeasurements(w.member(), &experimentv1.ListMeasurementsRequest{Parent: team + "/metrics/none"})
	wantFault(t, err, fault.NotFound, "METRIC_NOT_FOUND")
}

func TestAnalyzeMetric(t *testing.T) {
	w := measured(t, db.SQLite)
	analyze := func(baseline int32) *experimentv1.ProcessBehaviourChart {
		return ok[*experimentv1.ProcessBehaviourChart](t)(w.client.AnalyzeMetric(w.member(), &experimentv1.AnalyzeMetricRequest{Name: wait, BaselinePoints: baseline}))
	}
	if c := analyze(0); len(c.GetPoints()) != 0 || c.GetLimits() != nil {
		t.Errorf("of nothing: %v", c)
	}
	w.wantImport(daily(nist[:3]...), 3, 0)
	if c := analyze(0); len(c.GetPoints()) != 3 || c.GetLimits() != nil || c.GetProvisional() {
		t.Errorf("of three points: %v", c)
	}
	w.wantImport(daily(nist[:5]...), 2, 3)
	if c := analyze(0); c.GetLimits() == nil || !c.GetProvisional() {
		t.Errorf("of five points: %v", c)
	}
	w.wantImport(daily(nist...), 5, 5)
	c := analyze(0)
	l := c.GetLimits()
	for name, q := range map[string][2]float64{
		"centre": {l.GetCentre(), 50.81}, "mean moving range": {l.GetMeanMovingRange(), 1.8778},
		"upper": {l.GetUpper(), 55.8041}, "lower": {l.GetLower(), 45.8159},
		"limit factor": {l.GetLimitFactor(), 2.660}, "range factor": {l.GetRangeFactor(), 3.268},
	} {
		if math.Abs(q[0]-q[1]) > 0.001 {
			t.Errorf("%s = %v, want %v", name, q[0], q[1])
		}
	}
	if len(c.GetSignals()) != 0 || c.GetProvisional() || c.GetMetric() != wait || l.GetCount() != 10 {
		t.Errorf("chart %v", c)
	}
	if c.GetPoints()[0].MovingRange != nil || math.Abs(c.GetPoints()[1].GetMovingRange()-2) > 1e-9 {
		t.Errorf("moving ranges %v, %v", c.GetPoints()[0].MovingRange, c.GetPoints()[1].MovingRange)
	}
	w.wantImport(daily(append(slices.Clone(nist), 60)...), 1, 10)
	frozen := analyze(10)
	if frozen.GetLimits().GetUpper() != l.GetUpper() || len(frozen.GetPoints()) != 11 {
		t.Errorf("a later point moved the baseline: %v", frozen.GetLimits())
	}
	if s := frozen.GetSignals(); len(s) == 0 || !slices.ContainsFunc(s, func(s *experimentv1.Signal) bool {
		return s.GetRule() == "R1" && slices.Equal(s.GetPoints(), []int32{10})
	}) {
		t.Errorf("signals %v", s)
	}
	_, err := w.client.AnalyzeMetric(w.member(), &experimentv1.AnalyzeMetricRequest{Name: team + "/metrics/none"})
	wantFault(t, err, fault.NotFound, "METRIC_NOT_FOUND")
}

// Who sends a reading again hears what is recorded: when it came first, and what a correction has made of it.
func TestCreateMeasurementAgain(t *testing.T) {
	w := measured(t, db.SQLite)
	at := timestamppb.New(time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC))
	create := func() *experimentv1.Measurement {
		return ok[*experimentv1.Measurement](t)(w.client.CreateMeasurement(w.member(), &experimentv1.CreateMeasurementRequest{
			Parent: wait, Measurement: &experimentv1.Measurement{Time: at, Value: new(50.0)},
		}))
	}
	made := create()
	if made.GetValue() != 50 || made.GetRecordTime() == nil || len(made.GetCorrections()) != 0 {
		t.Errorf("made %v", made)
	}
	w.clock.add(time.Hour)
	if again := create(); !proto.Equal(again, made) {
		t.Errorf("again %v, first %v", again, made)
	}
	corrected := ok[*experimentv1.Measurement](t)(w.client.CorrectMeasurement(w.member(), &experimentv1.CorrectMeasurementRequest{
		Name: wait, Time: at, ValueBefore: new(50.0), Value: new(5.0), Reason: "a typing error",
	}))
	if again := create(); !proto.Equal(again, corrected) {
		t.Errorf("after the correction %v, want %v", again, corrected)
	}
}

// Zero is recorded when it was said, and never when nothing was said.
func TestZeroIsSaid(t *testing.T) {
	w := measured(t, db.SQLite)
	create := func(m *experimentv1.Measurement) (*experimentv1.Measurement, error) {
		return w.client.CreateMeasurement(w.member(), &experimentv1.CreateMeasurementRequest{Parent: wait, Measurement: m})
	}
	at := timestamppb.New(w.clock.Now())
	_, err := create(&experimentv1.Measurement{Time: at})
	wantFault(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "measurement.value REQUIRED")
	if m := ok[*experimentv1.Measurement](t)(create(&experimentv1.Measurement{Time: at, Value: new(0.0)})); m.Value == nil || m.GetValue() != 0 {
		t.Errorf("recorded %v", m)
	}
	list := ok[*experimentv1.ListMeasurementsResponse](t)(w.client.ListMeasurements(w.member(), &experimentv1.ListMeasurementsRequest{Parent: wait})).GetMeasurements()
	if len(list) != 1 || list[0].Value == nil {
		t.Errorf("listed %v", list)
	}
	_, err = create(&experimentv1.Measurement{Time: timestamppb.New(w.clock.Now().Add(6 * time.Minute)), Value: new(1.0)})
	wantFault(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", "measurement.time TIME_AHEAD")
	ok[*experimentv1.Measurement](t)(create(&experimentv1.Measurement{Time: timestamppb.New(w.clock.Now().Add(4 * time.Minute)), Value: new(1.0)}))
}

// Nothing computes a metric whose delivery source was deleted; its team goes on by hand.
func TestMetricOfADeletedSourceIsByHand(t *testing.T) {
	w := newWorld(t, db.SQLite)
	source := w.source("curl", plain).GetName()
	w.curl(source, `{"event":"deployed","environment":"production","time":"2026-05-04T10:00:00Z","commit_time":"2026-05-04T08:00:00Z"}`)
	metric, at := team+"/metrics/checkout-change-lead-time", timestamppb.New(time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC))
	create := func() error {
		_, err := w.client.CreateMeasurement(w.member(), &experimentv1.CreateMeasurementRequest{Parent: metric, Measurement: &experimentv1.Measurement{Time: at, Value: new(3.0)}})
		return err
	}
	wantFault(t, create(), fault.FailedPrecondition, "METRIC_COMPUTED")
	ok[any](t)(w.client.DeleteDeliverySource(w.member(), &experimentv1.DeleteDeliverySourceRequest{Name: source}))
	if err := create(); err != nil {
		t.Fatal(err)
	}
	ok[any](t)(w.client.CorrectMeasurement(w.member(), &experimentv1.CorrectMeasurementRequest{Name: metric, Time: at, ValueBefore: new(3.0), Value: new(4.0), Reason: "a typing error"}))
}
