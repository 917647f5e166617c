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
		Direction: enumOf[pb.Direction](pb.Direction_value, "DIRECTION_", m.Direction),
		Kind:      enumOf[pb.MetricKind](pb.MetricKind_value, "METRIC_KIND_", m.Kind),
		Etag:      row.Etag, CreateTime: timestamppb.New(row.CreateTime), UpdateTime: timestamppb.New(row.UpdateTime),
	}
}

// MetricFrom returns the metric of a request under its name.
func MetricFrom(name string, m *pb.Metric) *domain.Metric {
	return &domain.Metric{
		Name: name, DisplayName: m.GetDisplayName(), Unit: m.GetUnit(),
		Direction: wordOf[domain.Direction](m.GetDirection(), "DIRECTION_"),
		Kind:      wordOf[domain.MetricKind](m.GetKind(), "METRIC_KIND_"),
	}
}

// MetricEvent returns the data of an event of a metric.
func MetricEvent(row record.Row[domain.Metric], e domain.MetricEvent) proto.Message {
	if e.Recorded == 0 {
		return &pb.MetricCreated{Metric: Metric(row)}
	}
	return &pb.MeasurementsRecorded{Metric: Metric(row), Count: int32(e.Recorded)}
}

// Measurement returns a measurement as clients see it.
func Measurement(m domain.Measurement) *pb.Measurement {
	return &pb.Measurement{Time: timestamppb.New(m.Time), Value: m.Value, SourceKey: m.SourceKey}
}

// MeasurementsFrom returns the measurements of a request. A time that is missing or that no calendar has is the zero time,
// which the domain refuses.
func MeasurementsFrom(list []*pb.Measurement) []domain.Measurement {
	out := make([]domain.Measurement, len(list))
	for i, m := range list {
		out[i] = domain.Measurement{Value: m.GetValue(), SourceKey: m.GetSourceKey()}
		if m.GetTime().IsValid() {
			out[i].Time = m.GetTime().AsTime()
		}
	}
	return out
}

// Chart returns a process behaviour chart as clients see it.
func Chart(metric string, c domain.Chart) *pb.ProcessBehaviourChart {
	out := &pb.ProcessBehaviourChart{
		Metric: metric, Limits: limits(c.Limits), Provisional: c.Provisional,
		Points: make([]*pb.ChartPoint, len(c.Points)), Signals: make([]*pb.Signal, len(c.Signals)),
	}
	for i, p := range c.Points {
		out.Points[i] = &pb.ChartPoint{Time: timestamppb.New(p.Time), Value: p.Value, MovingRange: p.MovingRange}
	}
	for i, s := range c.Signals {
		points := make([]int32, len(s.Points))
		for j, p := range s.Points {
			points[j] = int32(p)
		}
		out.Signals[i] = &pb.Signal{Rule: string(s.Rule), Points: points}
	}
	return out
}

func limits(l *domain.Limits) *pb.Limits {
	if l == nil {
		return nil
	}
	return &pb.Limits{
		Centre: l.Centre, MeanMovingRange: l.MeanMovingRange, Upper: l.Upper, Lower: l.Lower, UpperRange: l.UpperRange,
		LimitFactor: l.LimitFactor, RangeFactor: l.RangeFactor,
		FirstTime: timestamppb.New(l.FirstTime), LastTime: timestamppb.New(l.LastTime), Count: int32(l.Count),
	}
}

// timestamp leaves an instant that has not come unset.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
