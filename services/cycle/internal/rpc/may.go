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

// mayConfirm decides whether a caller, who may write for the team, may say where its constraint is: a person, who can go and see.
func mayConfirm(c caller.Caller) bool { return !c.Anonymous() && !c.Service && c.Bot() == "" }
