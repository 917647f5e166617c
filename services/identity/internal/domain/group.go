package domain

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Grant is what one group at the OpenID provider gives: a role in the organisation, or a role in a team.
type Grant struct {
	Group    string
	Role     OrganizationRole // "" when it is a role in a team
	Team     string           // id
	TeamRole TeamRole
}

// GroupMapping is what the groups at the provider give, in the operator's order.
type GroupMapping []Grant

var groupTeamRoles = map[string]TeamRole{"member": RoleMember, "coach": RoleCoach, "viewer": RoleViewer}

// ParseGroupMapping reads a mapping: entries `group=admin`, `group=manager` or `group=team:role`, where the role is member,
// coach or viewer, separated by commas or new lines. A group whose name has a comma or an equals sign stands in double
// quotes. An entry that is none of these is refused, for a mapping that is half understood would let somebody in.
func ParseGroupMapping(text string) (GroupMapping, error) {
	var mapping GroupMapping
	entries, err := groupEntries(text)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		grant, err := parseGrant(e[0], e[1])
		if err != nil {
			return nil, err
		}
		if slices.Contains(mapping, grant) {
			return nil, badMapping("the group %q gives %s twice", grant.Group, grant.what())
		}
		mapping = append(mapping, grant)
	}
	return mapping, nil
}

// groupEntries splits the text into pairs of a group and what it gives.
func groupEntries(text string) (entries [][2]string, err error) {
	for text = strings.TrimLeft(text, " \t\r\n,"); text != ""; text = strings.TrimLeft(text, " \t\r\n,") {
		var group, what string
		if quoted, ok := strings.CutPrefix(text, `"`); ok {
			var closed bool
			if group, text, closed = strings.Cut(quoted, `"`); !closed {
				return nil, badMapping("the group in %q lacks its second quote", `"`+quoted)
			}
			if text = strings.TrimLeft(text, " \t"); !strings.HasPrefix(text, "=") {
				return nil, badMapping("after the group %q comes an equals sign and what it gives", group)
			}
			text = text[1:]
			what, text = cutEntry(text)
		} else {
			var entry string
			entry, text = cutEntry(text)
			var found bool
			if group, what, found = strings.Cut(entry, "="); !found {
				return nil, badMapping("%q is no entry: write group=admin, group=manager or group=team:role", entry)
			}
			if strings.Contains(what, "=") {
				return nil, badMapping("%q has two equals signs: put a group that has one in its name into double quotes", entry)
			}
			group = strings.TrimSpace(group)
		}
		entries = append(entries, [2]string{group, strings.TrimSpace(what)})
	}
	return entries, nil
}

// cutEntry cuts the text at the end of its first entry.
func cutEntry(text string) (entry, rest string) {
	if i := strings.IndexAny(text, ",\n"); i >= 0 {
		return strings.TrimSpace(text[:i]), text[i+1:]
	}
	return strings.TrimSpace(text), ""
}

func parseGrant(group, what string) (Grant, error) {
	if group == "" {
		return Grant{}, badMapping("what gives %q has no group before the equals sign", what)
	}
	switch what {
	case "admin":
		return Grant{Group: group, Role: Admin}, nil
	case "manager":
		return Grant{Group: group, Role: Manager}, nil
	}
	team, role, found := strings.Cut(what, ":")
	if !found {
		return Grant{}, badMapping("the group %q gives %q: give admin, manager or team:role", group, what)
	}
	if team == "" || validID(team) != team {
		return Grant{}, badMapping("the group %q gives a role in %q, which is no id of a team", group, team)
	}
	teamRole, known := groupTeamRoles[role]
	if !known {
		return Grant{}, badMapping("the group %q gives the role %q in the team %s: give member, coach or viewer", group, role, team)
	}
	return Grant{Group: group, Team: team, TeamRole: teamRole}, nil
}

func badMapping(format string, args ...any) error {
	return fault.New(fault.InvalidArgument, "GROUP_MAPPING_INVALID", "in the mapping of groups "+format, args...)
}

// what says in words what the grant gives.
func (g Grant) what() string {
	if g.Role != "" {
		return strings.ToLower(string(g.Role))
	}
	return strings.ToLower(string(g.TeamRole)) + " of " + TeamName(g.Team)
}

// Line is how the grant is shown: what came of it is added by who applies it.
func (g Grant) Line(remark string) string {
	line := g.Group + ": " + g.what()
	if remark != "" {
		line += " (" + remark + ")"
	}
	return line
}

// Given is what a person's groups give.
type Given struct {
	// Roles are the roles in the organisation.
	Roles []Grant
	// Teams is one role for each team, the strongest that a group gives, by id of the team.
	Teams []Grant
}

// Give decides what groups give. It does not depend on their order.
func (m GroupMapping) Give(groups []string) Given {
	roles, teams := map[OrganizationRole]Grant{}, map[string]Grant{}
	for _, g := range m {
		if !slices.Contains(groups, g.Group) {
			continue
		}
		if g.Role != "" {
			if _, given := roles[g.Role]; !given {
				roles[g.Role] = g
			}
		} else if best, given := teams[g.Team]; !given || strength(g.TeamRole) > strength(best.TeamRole) {
			teams[g.Team] = g
		}
	}
	byWhat := func(a, b Grant) int { return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Team, b.Team)) }
	return Given{Roles: slices.SortedFunc(maps.Values(roles), byWhat), Teams: slices.SortedFunc(maps.Values(teams), byWhat)}
}

// OrganizationRoles are the roles in the organisation alone.
func (g Given) OrganizationRoles() (roles []OrganizationRole) {
	for _, grant := range g.Roles {
		roles = append(roles, grant.Role)
	}
	return roles
}

func strength(role TeamRole) int {
	return slices.Index([]TeamRole{RoleViewer, RoleMember, RoleCoach}, role)
}

// LosesAdmin tells whether the user would be an admin no more with these roles by group.
func (u *User) LosesAdmin(groupRoles []OrganizationRole) bool {
	return u.ActiveAdmin() && u.ProvisionedBy == "" && !slices.Contains(u.Roles, Admin) && !slices.Contains(groupRoles, Admin)
}
