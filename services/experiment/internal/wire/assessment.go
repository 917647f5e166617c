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
		FalseAlarm: estimate(a.FalseAlarm), Level: a.Level, SmallestShift: estimated(a.SmallestShift), SmallestChange: estimated(a.SmallestChange), Sigma: a.Sigma,
		Runs: int32(a.Runs), Seed: a.Seed, Assumptions: a.Assumptions, Warnings: a.Warnings, Source: a.Source,
	}
	for _, p := range a.Power {
		out.Power = append(out.Power, &pb.ShiftPower{Shift: p.Shift, Power: estimate(p.Power)})
	}
	if p := a.Predicted; p != nil && a.Change != nil {
		out.Predicted = &pb.PredictedChange{
			Change: *a.Change, Shift: estimated(p.Shift), Power: estimate(p.Power), ReadingsNeeded: int32(p.ReadingsNeeded), FalseAlarmThen: estimate(p.FalseAlarm),
		}
	}
	return out
}

// estimate is a number that was simulated, to the three digits that a simulation is good for.
func estimate(v float64) float64 { return domain.Significant(v, 3) }

func estimated(v *float64) *float64 {
	if v == nil {
		return nil
	}
	return new(estimate(*v))
}

// PlanQuestionFrom returns the question of a request.
func PlanQuestionFrom(r *pb.AssessExperimentRequest) domain.PlanQuestion {
	return domain.PlanQuestion{Planned: int(r.GetPlannedReadings()), Level: r.GetLevel()}
}
