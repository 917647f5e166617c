package rpc_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestUpdateMetric(t *testing.T) {
	w := measured(t, db.SQLite)
	change := func(etag string, m *experimentv1.Metric, paths ...string) (*experimentv1.Metric, error) {
		m.Name = wait
		req := &experimentv1.UpdateMetricRequest{Metric: m, Etag: etag}
		if len(paths) > 0 {
			req.UpdateMask = &fieldmaskpb.FieldMask{Paths: paths}
		}
		return w.client.UpdateMetric(w.member(), req)
	}
	before := ok[*experimentv1.Metric](t)(w.client.GetMetric(w.member(), &experimentv1.GetMetricRequest{Name: wait}))
	floored := ok[*experimentv1.Metric](t)(change(before.GetEtag(), &experimentv1.Metric{
		FloorAtZero: true, Source: " The queue's own log ", ReadingRhythm: experimentv1.ReadingRhythm_READING_RHYTHM_WORKING_DAILY,
		DetectionRules: []experimentv1.DetectionRule{experimentv1.DetectionRule_DETECTION_RULE_R1, experimentv1.DetectionRule_DETECTION_RULE_R2},
		LimitForm:      experimentv1.LimitForm_LIMIT_FORM_MEDIAN,
	}))
	if floored.GetDisplayName() != before.GetDisplayName() || floored.GetSource() != "The queue's own log" || len(floored.GetDetectionRules()) != 2 ||
		floored.GetReadingRhythm() != experimentv1.ReadingRhythm_READING_RHYTHM_WORKING_DAILY || floored.GetLimitForm() != experimentv1.LimitForm_LIMIT_FORM_MEDIAN {
		t.Errorf("changed to %v", floored)
	}
	if same := ok[*experimentv1.Metric](t)(change("", &experimentv1.Metric{FloorAtZero: true})); same.GetEtag() != floored.GetEtag() {
		t.Error("a change that changes nothing has an etag of its own")
	}
	_, err := change(before.GetEtag(), &experimentv1.Metric{Unit: "d"})
	wantFault(t, err, fault.Aborted, "ETAG_MISMATCH")
	_, err = change("", &experimentv1.Metric{}, "display_name")
	wantFault(t, err, fault.InvalidArgument, "METRIC_INVALID", "metric.display_name REQUIRED")
	_, err = w.client.ImportMeasurements(w.member(), daily(-1))
	wantFault(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", "measurements[0].value VALUE_BELOW_ZERO")
}

func TestOneMeasurement(t *testing.T) {
	w := measured(t, db.SQLite)
	point := daily(7).GetMeasurements()[0]
	record := func(value float64) (*experimentv1.Measurement, error) {
		return w.client.CreateMeasurement(w.member(), &experimentv1.CreateMeasurementRequest{
			Parent: wait, Measurement: &experimentv1.Measurement{Time: point.GetTime(), Value: new(value)},
		})
	}
	if made := ok[*experimentv1.Measurement](t)(record(7)); made.GetValue() != 7 || made.GetRecordTime() == nil {
		t.Errorf("recorded %v", made)
	}
	ok[*experimentv1.Measurement](t)(record(7))
	_, err := record(8)
	wantFault(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", "measurement.value MEASUREMENT_CONFLICT")

	correct := func(before, value float64) (*experimentv1.Measurement, error) {
		return w.client.CorrectMeasurement(w.member(), &experimentv1.CorrectMeasurementRequest{
			Name: wait, Time: point.GetTime(), ValueBefore: &before, Value: &value, Reason: "A comma was missed",
		})
	}
	corrected := ok[*experimentv1.Measurement](t)(correct(7, 0.7))
	if corrected.GetValue() != 0.7 || len(corrected.GetCorrections()) != 1 || corrected.GetCorrections()[0].GetValueBefore() != 7 {
		t.Errorf("corrected to %v", corrected)
	}
	_, err = correct(7, 0.8)
	wantFault(t, err, fault.Aborted, "VALUE_CHANGED")
	ok[*experimentv1.Measurement](t)(record(7)) // the value before is no contradiction
	list := ok[*experimentv1.ListMeasurementsResponse](t)(w.client.ListMeasurements(w.member(), &experimentv1.ListMeasurementsRequest{Parent: wait}))
	if m := list.GetMeasurements(); len(m) != 1 || m[0].GetValue() != 0.7 || len(m[0].GetCorrections()) != 1 {
		t.Errorf("listed %v", m)
	}
}

// What the organisation measures is read by everybody who has signed in and written by managers and admins.
func TestMetricsOfTheOrganization(t *testing.T) {
	w := newWorld(t, db.SQLite)
	manager, member := w.as(callertest.Manager("mo")), w.member()
	req := &experimentv1.CreateMetricRequest{Parent: "organization", MetricId: "incidents", Metric: &experimentv1.Metric{
		DisplayName: "Incidents", Direction: experimentv1.Direction_DIRECTION_LOWER, Kind: experimentv1.MetricKind_METRIC_KIND_OUTCOME,
	}}
	_, err := w.client.CreateMetric(member, req)
	wantFault(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	made := ok[*experimentv1.Metric](t)(w.client.CreateMetric(manager, req))
	if made.GetName() != "organization/metrics/incidents" {
		t.Errorf("made %v", made)
	}
	points := daily(3, 4)
	points.Name = made.GetName()
	ok[*experimentv1.ImportMeasurementsResponse](t)(w.client.ImportMeasurements(manager, points))
	list := ok[*experimentv1.ListMetricsResponse](t)(w.client.ListMetrics(member, &experimentv1.ListMetricsRequest{Parent: "organization"}))
	if len(list.GetMetrics()) != 1 {
		t.Errorf("listed %v", list)
	}
	chart := ok[*experimentv1.ProcessBehaviourChart](t)(w.client.AnalyzeMetric(member, &experimentv1.AnalyzeMetricRequest{Name: made.GetName()}))
	if len(chart.GetPoints()) != 2 {
		t.Errorf("chart %v", chart)
	}
	_, err = w.client.ImportMeasurements(member, points)
	wantFault(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
}
