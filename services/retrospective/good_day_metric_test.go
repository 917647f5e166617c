package retrospective_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const goodDayShare = "teams/payments/metrics/good-day-share"

// Three members tap for some days: the chart of their share grows by a point for each, and an experiment is judged by it.
func TestTheShareOfGoodDaysIsAMetric(t *testing.T) {
	w := daysWorld(t, db.SQLite)
	w.set(func(o *others) {
		o.phase, o.obstacles = cyclev1.Phase_PHASE_DO, []*cyclev1.Obstacle{{Name: "teams/payments/obstacles/reviews-wait"}}
	})
	experiments := w.experiments()
	tapDays := func(days, good int) {
		for range days {
			for i, who := range []string{"ada", "jonas", "mina"} {
				mood := badMood
				if i < good {
					mood = goodMood
				}
				w.tap(who, mood, "", "")
			}
			w.Clock.Advance(24 * time.Hour)
		}
		w.Clock.Advance(3 * time.Hour) // noon in Berlin
	}
	chart := func(points int) *experimentv1.ProcessBehaviourChart {
		var chart *experimentv1.ProcessBehaviourChart
		testkit.Eventually(t, fmt.Sprint("the chart has ", points, " points"), func() bool {
			var err error
			chart, err = experiments.AnalyzeMetric(w.mina(), &experimentv1.AnalyzeMetricRequest{Name: goodDayShare})
			if err != nil { // the metric comes with the first day
				testkit.Refused(t, err, fault.NotFound, "METRIC_NOT_FOUND")
			}
			return len(chart.GetPoints()) >= points
		})
		return chart
	}
	tapDays(8, 1)
	before := chart(8)
	if first := before.GetPoints()[0]; !first.GetTime().AsTime().Equal(time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)) || math.Abs(first.GetValue()-100.0/3) > 1e-9 {
		t.Errorf("the first point is %v, want a third at midnight in Berlin", first)
	}
	metric, err := experiments.GetMetric(w.mina(), &experimentv1.GetMetricRequest{Name: goodDayShare})
	if err != nil || metric.GetComputedBy() != "taps of good and bad days" || metric.GetUnit() != "%" || !metric.GetFloorAtZero() ||
		metric.GetDirection() != experimentv1.Direction_DIRECTION_HIGHER || metric.GetReadingRhythm() != experimentv1.ReadingRhythm_READING_RHYTHM_DAILY {
		t.Errorf("the metric is %v, %v", metric, err)
	}
	_, err = experiments.CreateMeasurement(w.mina(), &experimentv1.CreateMeasurementRequest{
		Parent: goodDayShare, Measurement: &experimentv1.Measurement{Time: timestamppb.New(w.Clock.Now()), Value: new(50.0)},
	})
	testkit.Refused(t, err, fault.FailedPrecondition, "METRIC_COMPUTED")

	const trial = cycle + "/experiments/quiet-mornings"
	_, err = experiments.CreateExperiment(w.mina(), &experimentv1.CreateExperimentRequest{Parent: cycle, ExperimentId: "quiet-mornings", Experiment: &experimentv1.Experiment{
		DisplayName: "Quiet mornings", Obstacle: "teams/payments/obstacles/reviews-wait", SafeToFail: "It ends any day.", Prediction: &experimentv1.Prediction{
			Change: "no meetings before noon", Metric: goodDayShare, BaselineValue: new(33.0), ExpectedValue: new(60.0), ByDate: "2026-03-20", Reason: "people can think",
			Falsification: "it stays below 40 %", ConfidencePercent: 70,
		},
	}})
	w.must(err)
	_, err = experiments.LockExperiment(w.mina(), &experimentv1.LockExperimentRequest{Name: trial})
	w.must(err)
	_, err = experiments.StartExperiment(w.mina(), &experimentv1.StartExperimentRequest{Name: trial})
	w.must(err)
	w.Clock.Advance(21 * time.Hour)
	tapDays(9, 3)
	chart(17)
	ended, err := experiments.ConcludeExperiment(w.mina(), &experimentv1.ConcludeExperimentRequest{Name: trial, Happened: "Mornings were quiet.", Learned: "Meetings were the problem."})
	w.must(err)
	if outcome := ended.GetOutcome(); outcome.GetActualValue() != 100 || outcome.GetReadings() == 0 || outcome.GetVerdict() == experimentv1.Verdict_VERDICT_UNSPECIFIED {
		t.Errorf("the outcome is %v", outcome)
	}
}
