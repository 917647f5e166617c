package wire

import (
	"testing"
	"time"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

func fullLimits() *domain.Limits {
	at := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	return &domain.Limits{
		Centre: 1, MeanMovingRange: 1, Upper: 2, Lower: 3, UpperRange: 4, LimitFactor: 5, RangeFactor: 6, FirstTime: at, LastTime: at, Count: 5,
		Form: domain.FormMedian, MedianMovingRange: 1, Floor: true, Rules: domain.AllRules(),
	}
}

func TestChartsAndBaselinesAreFull(t *testing.T) {
	at := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	chart := Chart("m", domain.Chart{
		Points: []domain.ChartPoint{{Time: at, Value: 1, MovingRange: new(2.0)}}, Limits: fullLimits(),
		Signals: []domain.Signal{{Rule: domain.R1, Points: []int{0}}}, Provisional: true, Omitted: 3,
		Segments: []domain.Segment{{First: 2, End: 5, Limits: *fullLimits(), Baseline: 1}},
		Shift:    &domain.Shift{Since: at, Points: 8, Above: true},
	}, []string{"one", "two"})
	wantFull(t, chart.ProtoReflect())
	if got := chart.GetSegments()[0].GetBaseline(); got != "two" {
		t.Errorf("baseline %q", got)
	}
	wantFull(t, Baseline(record.Row[domain.FrozenBaseline]{Value: &domain.FrozenBaseline{
		Name: "n", Baseline: domain.Baseline{From: at, Reason: "r", Limits: *fullLimits()},
		Window: domain.BaselineWindow{First: at, Last: at, Points: 3}, Decider: "users/mina", DecideTime: at,
	}}).ProtoReflect())
}

// Limits that were stored before there were forms are of the only form that there was.
func TestLimitsFromBeforeThereWereForms(t *testing.T) {
	got := limits(&domain.Limits{Centre: 1})
	if got.GetForm() != pb.LimitForm_LIMIT_FORM_MEAN || got.MedianMovingRange != nil || got.GetDetectionRules() != nil {
		t.Errorf("%v", got)
	}
	if own := Chart("m", domain.Chart{Segments: []domain.Segment{{End: 4, Baseline: -1}}}, nil).GetSegments()[0]; own.GetBaseline() != "" {
		t.Errorf("a chart's own limits are those of %q", own.GetBaseline())
	}
}
