// Package store keeps users, teams, members and tokens: one table each, one SQL text for SQLite and Postgres.
package store

import (
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Users of the organisation.
var Users = &record.Collection[domain.User, domain.Event]{
	Table: "users", Type: "user", Noun: "user",
	Key: func(u *domain.User) record.Key {
		state := ""
		if u.ActiveAdmin() {
			state = stateAdmin
		}
		return record.Key{Name: u.Name, State: state, SortKey: u.Name}
	},
	Data: wire.UserEvent, Audit: auditUser, Also: endSignIns,
}

// Teams of the organisation.
var Teams = &record.Collection[domain.Team, domain.Event]{
	Table: "teams", Type: "team", Noun: "team",
	Key: func(t *domain.Team) record.Key {
		state := ""
		if t.Visibility == domain.VisibleToOrganization {
			state = stateOpen
		}
		return record.Key{Name: t.Name, Team: domain.ID(t.Name), State: state, SortKey: t.Name}
	},
	Data: wire.TeamEvent, Audit: auditTeam,
}

// Members of the teams, those who left included.
var Members = &record.Collection[domain.Member, domain.Event]{
	Table: "members", Type: "member", Noun: "member",
	Key: func(m *domain.Member) record.Key {
		team, state := domain.Parent(m.Name), StateActive
		if m.Removed {
			state = stateRemoved
		}
		return record.Key{Name: m.Name, Parent: team, Team: domain.ID(team), State: state, SortKey: m.User}
	},
	Data: wire.MemberEvent, Audit: auditMember,
}

// Tokens of the users and of the teams' bots, without their secrets.
var Tokens = &record.Collection[domain.Token, domain.Event]{
	Table: "tokens", Type: "token", Noun: "token",
	Key: func(t *domain.Token) record.Key {
		return record.Key{Name: t.Name, Parent: domain.Parent(t.Name), Team: t.Bot(), SortKey: t.Name}
	},
	Data: wire.TokenEvent, Audit: auditToken,
}

// States, as the tables spell them.
const (
	// StateActive is the state of a member who is in the team.
	StateActive  = "ACTIVE"
	stateRemoved = "REMOVED"
	// stateAdmin is the state of a user who can act as an admin.
	stateAdmin = "ADMIN"
	// stateOpen is the state of a team that everybody may read.
	stateOpen = "OPEN"
)
