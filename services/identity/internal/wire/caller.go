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

// Services are those that a caller token is for, by name: a service that is added later is asked for by its own.
var Services = []string{"cycle", "experiment", "identity", "knowledge", "notification", "report", "retrospective"}

// ToCaller is what every service is told about a user: the roles in the organisation, those in teams, and the teams that
// everybody may read.
func ToCaller(u *domain.User, roles map[string]domain.TeamRole, open []string) caller.Caller {
	c := caller.Caller{
		Subject: u.Name, Admin: u.Has(domain.Admin), Manager: u.Has(domain.Manager), Teams: make(map[string]caller.Role, len(roles)),
		OpenTeams: open, Audience: Services,
	}
	for team, role := range roles {
		c.Teams[team] = callerRoles[role]
	}
	return c
}

// ToBot is what every service is told about a team's bot: it is the token, and a member of that team.
func ToBot(t *domain.Token, open []string) caller.Caller {
	return caller.Caller{
		Subject: t.Name, Teams: map[string]caller.Role{t.Bot(): caller.Member}, OpenTeams: open, Audience: Services,
	}
}

// ToService is what every service is told about one that asks for itself.
func ToService(name string) caller.Caller {
	return caller.Caller{Subject: "services/" + name, Service: true, Audience: Services}
}

// Narrow leaves of a caller what the scopes of the token allow.
func Narrow(c caller.Caller, t *domain.Token) caller.Caller {
	c.Admin = c.Admin && t.Admin()
	c.ReadOnly = !t.Writes()
	return c
}

// Caller converts to the contract; teams in the order of their ids.
func Caller(c caller.Caller) *identityv1.Caller {
	out := &identityv1.Caller{ReadOnly: c.ReadOnly}
	switch bot := c.Bot(); {
	case bot != "":
		out.BotTeam = domain.TeamName(bot)
	case !c.Service:
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
