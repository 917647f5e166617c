package wire

import (
	"strings"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

// ExperimentRecord converts an experiment to a row of the experimenting record.
func ExperimentRecord(x *experimentv1.Experiment) *cyclev1.ExperimentRecord {
	row := &cyclev1.ExperimentRecord{
		Experiment:  x.GetName(),
		DisplayName: x.GetDisplayName(),
		Obstacle:    x.GetObstacle(),
		State:       said(x.GetState().String(), "EXPERIMENT_STATE_"),
		Locked:      x.GetLockTime() != nil,
		Change:      x.GetPrediction().GetChange(),
		Metric:      x.GetPrediction().GetMetric(),
		Expected:    x.GetPrediction().GetSentence(),
		Happened:    x.GetOutcome().GetHappened(),
		Learned:     x.GetOutcome().GetLearned(),
		Verdict:     said(x.GetOutcome().GetVerdict().String(), "VERDICT_"),
		StartTime:   x.GetStartTime(),
	}
	if row.GetLearned() == "" {
		row.Learned = x.GetAbandonReason()
	}
	return row
}

// said is the value of an enum as REST calls it without its prefix; empty when it is not said.
func said(value, prefix string) string {
	if value == prefix+"UNSPECIFIED" {
		return ""
	}
	return strings.TrimPrefix(value, prefix)
}

// Read adds what the metric of a current condition says now. Each of the two may be nil.
func Read(condition *cyclev1.StoryboardCondition, metric *experimentv1.Metric, chart *experimentv1.ProcessBehaviourChart) {
	condition.MetricDisplayName, condition.Unit = metric.GetDisplayName(), metric.GetUnit()
	if points := chart.GetPoints(); len(points) > 0 { // they come in time order
		latest := points[len(points)-1]
		condition.LatestValue, condition.LatestTime = new(latest.GetValue()), latest.GetTime()
	}
}

// Ages converts the ages of a storyboard's parts.
func Ages(ages []domain.Age) []*cyclev1.StoryboardAge {
	converted := make([]*cyclev1.StoryboardAge, 0, len(ages))
	for _, age := range ages {
		converted = append(converted, &cyclev1.StoryboardAge{Part: age.Part, Date: string(age.Date), AgeDays: int32(age.Days)})
	}
	return converted
}
