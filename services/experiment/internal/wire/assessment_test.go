package wire

import (
	"testing"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

func TestAssessmentIsToldWhole(t *testing.T) {
	a := domain.PlanAssessment{
		Assessment: domain.Assessment{
			Possible: true, Rules: domain.ShiftRules(), FalseAlarm: 0.1, Power: []domain.ShiftPower{{Shift: 0.5, Power: 0.2}}, Level: 0.8,
			SmallestShift: new(1.5), SmallestChange: new(3.0), Sigma: new(2.0), Runs: 1000, Assumptions: []string{"a"},
			Predicted: &domain.PredictedShift{Shift: new(1.0), Power: 0.5, ReadingsNeeded: 9, FalseAlarm: 0.2},
		},
		Baseline: 12, Planned: 10, Basis: "one a day", Change: new(2.0), Seed: 7, Source: "s", Warnings: []string{"w"},
	}
	wantFull(t, Assessment("e", a).ProtoReflect())
	a.Change = nil
	if got := Assessment("e", a); got.GetPredicted() != nil {
		t.Errorf("no change is predicted, but %v", got.GetPredicted())
	}
	if q := PlanQuestionFrom(&pb.AssessExperimentRequest{PlannedReadings: 7, Level: 0.9}); q != (domain.PlanQuestion{Planned: 7, Level: 0.9}) {
		t.Errorf("question %+v", q)
	}
}
