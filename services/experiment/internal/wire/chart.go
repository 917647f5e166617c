package wire

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// Chart returns a process behaviour chart of a metric as clients see it. baselines are the names of those that it was computed with.
func Chart(metric string, c domain.Chart, baselines []string) *pb.ProcessBehaviourChart {
	out := &pb.ProcessBehaviourChart{
		Metric: metric, Points: chartPoints(c.Points), Limits: limits(c.Limits), Signals: make([]*pb.Signal, len(c.Signals)),
		Provisional: c.Provisional, OmittedPoints: int32(c.Omitted),
	}
	for i, s := range c.Signals {
		points := make([]int32, len(s.Points))
		for j, p := range s.Points {
			points[j] = int32(p)
		}
		out.Signals[i] = &pb.Signal{Rule: string(s.Rule), Points: points}
	}
	for _, s := range c.Segments {
		segment := &pb.ChartSegment{FirstPoint: int32(s.First), EndPoint: int32(s.End), Limits: limits(&s.Limits), Provisional: s.Limits.Provisional()}
		if s.Baseline >= 0 {
			segment.Baseline = baselines[s.Baseline]
		}
		out.Segments = append(out.Segments, segment)
	}
	if s := c.Shift; s != nil {
		out.Shift = &pb.SustainedShift{StartTime: timestamppb.New(s.Since), Points: int32(s.Points), Above: s.Above}
	}
	return out
}

// chartPoints makes all messages in two pieces of memory instead of thousands.
func chartPoints(points []domain.ChartPoint) []*pb.ChartPoint {
	list := make([]*pb.ChartPoint, len(points))
	messages := make([]pb.ChartPoint, len(points))
	times := make([]timestamppb.Timestamp, len(points))
	for i, p := range points {
		times[i].Seconds, times[i].Nanos = p.Time.Unix(), int32(p.Time.Nanosecond())
		messages[i].Time, messages[i].Value, messages[i].MovingRange = &times[i], p.Value, p.MovingRange
		list[i] = &messages[i]
	}
	return list
}

func limits(l *domain.Limits) *pb.Limits {
	if l == nil {
		return nil
	}
	out := &pb.Limits{
		Centre: l.Centre, MeanMovingRange: l.MeanMovingRange, Upper: l.Upper, Lower: l.Lower, UpperRange: l.UpperRange,
		LimitFactor: l.LimitFactor, RangeFactor: l.RangeFactor,
		FirstTime: timestamppb.New(l.FirstTime), LastTime: timestamppb.New(l.LastTime), Count: int32(l.Count),
		Form: pb.LimitForm_LIMIT_FORM_MEAN, FloorAtZero: l.Floor, DetectionRules: rules(l.Rules),
	}
	if l.Form != "" && l.Form != domain.FormMean {
		out.Form = enumOf[pb.LimitForm](pb.LimitForm_value, "LIMIT_FORM_", l.Form)
		out.MedianMovingRange = &l.MedianMovingRange
	}
	return out
}
