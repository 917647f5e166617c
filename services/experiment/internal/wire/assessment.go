package wire

import (
	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// Assessment returns what a plan could show as clients see it.
func Assessment(experiment string, a domain.PlanAssessment) *pb.Assessment {
	out := &pb.Assessment{
		Experiment: experiment, Possible: a.Possible,
		BaselineReadings: int32(a.Baseline), PlannedReadings: int32(a.Planned), PlannedReadingsBasis: a.Basis, DetectionRules: rules(a.Rules),
		FalseAlarm: a.FalseAlarm, Level: a.Level, SmallestShift: a.SmallestShift, SmallestChange: a.SmallestChange, Sigma: a.Sigma,
		Runs: int32(a.Runs), Seed: a.Seed, Assumptions: a.Assumptions, Warnings: a.Warnings,
	}
	for _, p := range a.Power {
		out.Power = append(out.Power, &pb.ShiftPower{Shift: p.Shift, Power: p.Power})
	}
	if p := a.Predicted; p != nil && a.Change != nil {
		out.Predicted = &pb.PredictedChange{
			Change: *a.Change, Shift: p.Shift, Power: p.Power, ReadingsNeeded: int32(p.ReadingsNeeded), FalseAlarmThen: p.FalseAlarm,
		}
	}
	return out
}

// PlanQuestionFrom returns the question of a request.
func PlanQuestionFrom(r *pb.AssessExperimentRequest) domain.PlanQuestion {
	return domain.PlanQuestion{Planned: int(r.GetPlannedReadings()), Level: r.GetLevel()}
}
