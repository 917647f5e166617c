package wire

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Metric returns a metric as clients see it.
func Metric(row record.Row[domain.Metric]) *pb.Metric {
	m := row.Value
	return &pb.Metric{
		Name: m.Name, DisplayName: m.DisplayName, Unit: m.Unit,
		Direction:     enumOf[pb.Direction](pb.Direction_value, "DIRECTION_", m.Direction),
		Kind:          enumOf[pb.MetricKind](pb.MetricKind_value, "METRIC_KIND_", m.Kind),
		ReadingRhythm: enumOf[pb.ReadingRhythm](pb.ReadingRhythm_value, "READING_RHYTHM_", m.ReadingRhythm),
		Source:        m.Source, FloorAtZero: m.FloorAtZero, DetectionRules: rules(m.Rules), ComputedBy: m.ComputedBy,
		LimitForm: enumOf[pb.LimitForm](pb.LimitForm_value, "LIMIT_FORM_", m.LimitForm),
		Etag:      row.Etag, CreateTime: timestamppb.New(row.CreateTime), UpdateTime: timestamppb.New(row.UpdateTime),
	}
}

// MetricFrom returns the metric of a request under its name.
func MetricFrom(name string, m *pb.Metric) *domain.Metric {
	return &domain.Metric{
		Name: name, DisplayName: m.GetDisplayName(), Unit: m.GetUnit(),
		Direction:     wordOf[domain.Direction](m.GetDirection(), "DIRECTION_"),
		Kind:          wordOf[domain.MetricKind](m.GetKind(), "METRIC_KIND_"),
		ReadingRhythm: wordOf[string](m.GetReadingRhythm(), "READING_RHYTHM_"),
		Source:        m.GetSource(), FloorAtZero: m.GetFloorAtZero(), Rules: rulesFrom(m.GetDetectionRules()),
		LimitForm: wordOf[domain.LimitForm](m.GetLimitForm(), "LIMIT_FORM_"),
	}
}

func rules(set domain.RuleSet) []pb.DetectionRule {
	var named []pb.DetectionRule
	for _, rule := range set {
		named = append(named, enumOf[pb.DetectionRule](pb.DetectionRule_value, "DETECTION_RULE_", rule))
	}
	return named
}

func rulesFrom(named []pb.DetectionRule) domain.RuleSet {
	var set domain.RuleSet
	for _, rule := range named {
		set = append(set, wordOf[domain.Rule](rule, "DETECTION_RULE_"))
	}
	return set
}

// MetricEvent returns the data of an event of a metric.
func MetricEvent(row record.Row[domain.Metric], e domain.MetricEvent) proto.Message {
	switch {
	case e.Updated:
		return &pb.MetricUpdated{Metric: Metric(row)}
	case e.Corrected != nil:
		return &pb.MeasurementCorrected{Metric: Metric(row), Measurement: Measurement(*e.Corrected), Withdrawn: e.Corrected.Withdrawn}
	case e.Recorded > 0:
		return &pb.MeasurementsRecorded{Metric: Metric(row), Count: int32(e.Recorded)}
	default:
		return &pb.MetricCreated{Metric: Metric(row)}
	}
}

// timestamp leaves an instant that has not come unset.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
