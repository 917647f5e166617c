package rpc

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// What the options of the contract leave to this service is decided here.

// mayOverrule decides whether a caller may pass a shut gate of the cycle with a reason, by the cycle's own team.
func mayOverrule(c caller.Caller, cycle *domain.Cycle) bool {
	return c.CanCoach(strings.TrimPrefix(teamOf(cycle.Name), "teams/"))
}

// mayInsist decides whether a caller may set an achieve-by date that is not 1 week to 3 months away; team is a resource name.
func mayInsist(c caller.Caller, team string) bool {
	return c.CanCoach(strings.TrimPrefix(team, "teams/"))
}

// mayConfirm decides whether a caller, who may write for the team, may say where its constraint is and which obstacles are the same:
// a person, who can go and see.
func mayConfirm(c caller.Caller) bool { return person(c) != "" }

// mayAnswer decides whether a caller may write down the answer to the obstacle's escalation: who may write for the team, and its
// owner, as long as they may read the team.
func mayAnswer(c caller.Caller, o *domain.Obstacle) bool {
	team := strings.TrimPrefix(teamOf(o.Name), "teams/")
	return c.CanWrite(team) || c.CanRead(team) && !c.ReadOnly && c.Subject == o.EscalationOwner()
}
