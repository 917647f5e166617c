package wire

import (
	"maps"
	"slices"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

var callerRoles = map[domain.TeamRole]caller.Role{
	domain.RoleMember: caller.Member,
	domain.RoleCoach:  caller.Coach,
	domain.RoleViewer: caller.Viewer,
}

var teamRoles = map[caller.Role]identityv1.TeamRole{
	caller.Member: identityv1.TeamRole_TEAM_ROLE_MEMBER,
	caller.Coach:  identityv1.TeamRole_TEAM_ROLE_COACH,
	caller.Viewer: identityv1.TeamRole_TEAM_ROLE_VIEWER,
}

// ToCaller is what every service is told about a user and the user's memberships.
func ToCaller(u *domain.User, memberships []domain.Member) caller.Caller {
	c := caller.Caller{Subject: u.Name, Admin: u.Has(domain.Admin), Manager: u.Has(domain.Manager), Teams: map[string]caller.Role{}}
	for _, m := range memberships {
		c.Teams[domain.ID(domain.Parent(m.Name))] = callerRoles[m.Role]
	}
	return c
}

// Caller converts to the contract; teams in the order of their ids.
func Caller(c caller.Caller) *identityv1.Caller {
	out := &identityv1.Caller{}
	if !c.Service {
		out.User = c.Subject
	}
	if c.Admin {
		out.OrganizationRoles = append(out.OrganizationRoles, identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN)
	}
	if c.Manager {
		out.OrganizationRoles = append(out.OrganizationRoles, identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER)
	}
	for _, team := range slices.Sorted(maps.Keys(c.Teams)) {
		out.Teams = append(out.Teams, &identityv1.CallerTeam{Team: domain.TeamName(team), Role: teamRoles[c.Teams[team]]})
	}
	return out
}
