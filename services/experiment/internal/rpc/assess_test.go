package rpc_test

import (
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestAssess(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		metric := waitMetric("review-wait")
		metric.Metric.ReadingRhythm = experimentv1.ReadingRhythm_READING_RHYTHM_WORKING_DAILY
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), metric))
		w.wantImport(daily(42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46), 12, 0)
		e := plan()
		e.Prediction.ExpectedValue = new(38.0)
		w.draft("review-rota", e)
		assess := func(req *experimentv1.AssessExperimentRequest) (*experimentv1.Assessment, error) {
			req.Name = rota
			return w.client.AssessExperiment(w.member(), req)
		}
		a := ok[*experimentv1.Assessment](t)(assess(&experimentv1.AssessExperimentRequest{}))
		if a.GetExperiment() != rota || !a.GetPossible() || a.GetBaselineReadings() != 12 || a.GetPlannedReadings() != 10 || a.GetLevel() != 0.8 ||
			len(a.GetPower()) != 5 || a.GetPredicted().GetChange() != 4 || a.GetSeed() == 0 || a.GetRuns() == 0 || len(a.GetAssumptions()) == 0 || len(a.GetDetectionRules()) != 3 {
			t.Errorf("assessment %v", a)
		}
		if !strings.Contains(a.GetSource(), "Wheeler") || !strings.Contains(a.GetSource(), "SplitMix64") {
			t.Errorf("source %q", a.GetSource())
		}
		for _, v := range []float64{a.GetFalseAlarm(), a.GetPower()[1].GetPower(), a.GetSmallestShift(), a.GetSmallestChange(), a.GetPredicted().GetShift(), a.GetPredicted().GetPower()} {
			if digits := strings.TrimLeft(strings.ReplaceAll(strconv.FormatFloat(v, 'f', -1, 64), ".", ""), "0"); len(digits) > 3 {
				t.Errorf("%v is told finer than it was simulated", v)
			}
		}
		if len(a.GetWarnings()) == 0 || !strings.HasPrefix(a.GetWarnings()[0], "10 readings show a change of this size (4 h, 0.9 sigma) in ") {
			t.Errorf("warnings %q", a.GetWarnings())
		}
		if again := ok[*experimentv1.Assessment](t)(assess(&experimentv1.AssessExperimentRequest{})); !proto.Equal(a, again) {
			t.Errorf("the same question got another answer: %v", again)
		}
		more := ok[*experimentv1.Assessment](t)(assess(&experimentv1.AssessExperimentRequest{PlannedReadings: 40, Level: 0.9}))
		if more.GetPlannedReadings() != 40 || more.GetLevel() != 0.9 || more.GetPredicted().GetPower() <= a.GetPredicted().GetPower() || more.GetFalseAlarm() <= a.GetFalseAlarm() {
			t.Errorf("with more readings: %v", more)
		}
		_, err := assess(&experimentv1.AssessExperimentRequest{Level: 0.2})
		wantFault(t, err, fault.InvalidArgument, "ASSESSMENT_INVALID", "level LEVEL_INVALID")
		if got := w.get(rota); got.GetLockTime() != nil {
			t.Error("asking locked the plan")
		}
	})
}

func TestAssessRefuses(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		_, err := w.client.AssessExperiment(w.member(), &experimentv1.AssessExperimentRequest{Name: rota})
		wantFault(t, err, fault.NotFound, "EXPERIMENT_NOT_FOUND")
		w.draft("review-rota", plan())
		_, err = w.client.AssessExperiment(w.member(), &experimentv1.AssessExperimentRequest{Name: rota})
		wantFault(t, err, fault.InvalidArgument, "ASSESSMENT_INVALID", "prediction.metric METRIC_UNKNOWN")
		idea := w.draft("", &experimentv1.Experiment{DisplayName: "An idea"})
		_, err = w.client.AssessExperiment(w.member(), &experimentv1.AssessExperimentRequest{Name: idea.GetName()})
		wantFault(t, err, fault.InvalidArgument, "ASSESSMENT_INVALID", "prediction.metric METRIC_MISSING")
	})
}
