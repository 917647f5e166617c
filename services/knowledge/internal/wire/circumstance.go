package wire

import (
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// TeamCircumstance converts a team.
func TeamCircumstance(t *identityv1.Team) domain.Circumstance {
	return domain.Circumstance{
		Kind: domain.ActiveTeam, Name: t.GetName(), Team: t.GetName(), Holds: t.GetState() != identityv1.TeamState_TEAM_STATE_DEACTIVATED,
	}
}

// ObstacleCircumstance converts an obstacle: it holds while it is current or parked.
func ObstacleCircumstance(o *cyclev1.Obstacle) domain.Circumstance {
	current := o.GetState() == cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT
	return domain.Circumstance{
		Kind: domain.TeamObstacle, Name: o.GetName(), Team: domain.TeamOf(o.GetName()), Text: o.GetDescription(), Current: current,
		Holds: current || o.GetState() == cyclev1.ObstacleState_OBSTACLE_STATE_PARKED,
	}
}

// ProcessCircumstances converts a value stream: the process that it is, and the step that is confirmed as its constraint.
func ProcessCircumstances(v *cyclev1.ValueStream) []domain.Circumstance {
	step := v.GetConfirmedConstraint().GetStep()
	return []domain.Circumstance{
		{Kind: domain.TeamProcess, Name: v.GetName(), Team: domain.TeamOf(v.GetName()), Text: v.GetDisplayName(), Holds: true},
		{Kind: domain.TeamConstraint, Name: v.GetName(), Team: domain.TeamOf(v.GetName()), Text: step, Holds: step != ""},
	}
}
