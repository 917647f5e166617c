package rpc

import (
	"math"
	"regexp"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// maxForeignPoints, maxForeignSegments and maxForeignSignals bound a chart from elsewhere. Our own keep 500 points.
	maxForeignPoints, maxForeignSegments, maxForeignSignals = 2000, 100, 4000
	// maxFigure is the largest figure that can be drawn without its scale running over.
	maxFigure  = 1e15
	maxUnit    = 40
	maxDisplay = 120
)

var ruleForm = regexp.MustCompile(`^[A-Za-z0-9_]{1,40}$`)

// checkChart refuses a chart that could not be drawn: whoever draws it relies on indexes that lead somewhere, on times that rise and on
// finite figures. A learning without a chart is fine. Reason: IMPORTED_LEARNING_INVALID.
func checkChart(chart *knowledgev1.LearningChart) error {
	if chart == nil {
		return nil
	}
	invalid := func(field, text string, args ...any) error {
		return fault.Invalid("chart."+field, "IMPORTED_LEARNING_INVALID", text, args...)
	}
	c, m := chart.GetChart(), chart.GetMetric()
	switch {
	case len(c.GetPoints()) == 0:
		return invalid("chart.points", "The chart has no points; leave it out.")
	case len(c.GetPoints()) > maxForeignPoints:
		return invalid("chart.points", "The chart has more than %d points.", maxForeignPoints)
	case len(c.GetSegments()) > maxForeignSegments:
		return invalid("chart.segments", "The chart has more than %d segments.", maxForeignSegments)
	case len(c.GetSignals()) > maxForeignSignals:
		return invalid("chart.signals", "The chart has more than %d signals.", maxForeignSignals)
	case m.GetDisplayName() == "" || utf8.RuneCountInString(m.GetDisplayName()) > maxDisplay || utf8.RuneCountInString(m.GetUnit()) > maxUnit:
		return invalid("metric.displayName", "The metric has a name of at most %d characters, and a unit of at most %d.", maxDisplay, maxUnit)
	}
	if field := unboundedFigure(c.ProtoReflect()); field != "" {
		return invalid("chart."+field, "A figure is not finite or too large to be drawn, or a time is none.")
	}
	for n, p := range c.GetPoints() {
		if p.GetTime().CheckValid() != nil || n > 0 && p.GetTime().AsTime().Before(c.GetPoints()[n-1].GetTime().AsTime()) {
			return invalid("chart.points", "Point %d has no time, or an earlier one than the point before.", n)
		}
	}
	return checkMarks(c, invalid)
}

// checkMarks checks what a chart says about its points.
func checkMarks(c *experimentv1.ProcessBehaviourChart, invalid func(field, text string, args ...any) error) error {
	points, end := int32(len(c.GetPoints())), int32(0)
	for n, s := range c.GetSegments() {
		if s.GetFirstPoint() < end || s.GetEndPoint() <= s.GetFirstPoint() || s.GetEndPoint() > points || s.GetLimits() == nil {
			return invalid("chart.segments", "Segment %d has no limits, or does not lie behind the one before and within the points.", n)
		}
		end = s.GetEndPoint()
	}
	marked := 0
	for n, s := range c.GetSignals() {
		if marked += len(s.GetPoints()); marked > maxForeignSignals*8 || !ruleForm.MatchString(s.GetRule()) {
			return invalid("chart.signals", "Signal %d has no rule, or too many points.", n)
		}
		for _, p := range s.GetPoints() {
			if p < 0 || p >= points {
				return invalid("chart.signals", "Signal %d names a point that there is not.", n)
			}
		}
	}
	return nil
}

// unboundedFigure finds a figure that cannot be drawn or a time that is none, and returns the name of its field; "" when there is none.
func unboundedFigure(m protoreflect.Message) (found string) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() == protoreflect.DoubleKind:
			if x := v.Float(); math.IsNaN(x) || math.Abs(x) > maxFigure {
				found = f.JSONName()
			}
		case f.Kind() == protoreflect.MessageKind && f.IsList():
			for n := 0; n < v.List().Len() && found == ""; n++ {
				found = unboundedFigure(v.List().Get(n).Message())
			}
		case f.Kind() == protoreflect.MessageKind:
			if t, ok := v.Message().Interface().(*timestamppb.Timestamp); ok && t.CheckValid() != nil {
				found = f.JSONName()
				return false
			}
			found = unboundedFigure(v.Message())
		}
		return found == ""
	})
	return found
}
