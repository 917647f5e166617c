package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Memberships are a user's places in teams.
func Memberships(ctx context.Context, q db.Queryer, user string) ([]domain.Member, error) {
	docs, err := db.All[string](ctx, q, "select doc from members where sort_key = $1 and state = $2 order by parent", user, StateActive)
	if err != nil {
		return nil, err
	}
	members := make([]domain.Member, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal([]byte(doc), &members[i]); err != nil {
			return nil, fault.From(err)
		}
	}
	return members, nil
}

// TeamRoles are what a user may be in the teams that the user is in, by the teams' ids.
func TeamRoles(ctx context.Context, q db.Queryer, user string) (map[string]domain.TeamRole, error) {
	type place struct {
		Member string `db:"member"`
		Team   string `db:"team"`
	}
	places, err := db.All[place](ctx, q, `select m.doc as member, t.doc as team from members m join teams t on t.name = m.parent
		where m.sort_key = $1 and m.state = $2`, user, StateActive)
	if err != nil {
		return nil, err
	}
	roles := make(map[string]domain.TeamRole, len(places))
	for _, p := range places {
		var member domain.Member
		var team domain.Team
		if err := json.Unmarshal([]byte(p.Member), &member); err != nil {
			return nil, fault.From(err)
		}
		if err := json.Unmarshal([]byte(p.Team), &team); err != nil {
			return nil, fault.From(err)
		}
		roles[domain.ID(team.Name)] = team.RoleOf(member.Role)
	}
	return roles, nil
}

// PutMember lets change apply a rule to a user's place in a team, both given by name. A user who was never in the team has a
// place that is not taken. Without an event nothing is saved.
func PutMember(tx *eventlog.Tx, team, user string, change func(m *domain.Member, now time.Time) ([]domain.Event, error)) (record.Row[domain.Member], error) {
	var none record.Row[domain.Member]
	m := domain.NewMember(team, user)
	_, known, err := Members.Find(tx, m.Name)
	if err != nil {
		return none, err
	}
	if known {
		return Members.Update(tx, m.Name, "", change)
	}
	events, err := change(m, tx.Now())
	if err != nil || len(events) == 0 {
		return none, err
	}
	return Members.Create(tx, m, events...)
}

// AddMember puts a user, given by name, into a team, given by name: for the first time or again.
func AddMember(tx *eventlog.Tx, team, user string, role domain.TeamRole) (record.Row[domain.Member], error) {
	return PutMember(tx, team, user, func(m *domain.Member, now time.Time) ([]domain.Event, error) {
		return m.Join(role, now)
	})
}

// SetGroupMemberships makes a user's memberships by group those that are granted, and ends the others; memberships by hand or
// by a file stay as they are. It returns the grants whose teams there are.
func SetGroupMemberships(ctx context.Context, tx *eventlog.Tx, user string, grants []domain.GroupGrant) ([]domain.GroupGrant, error) {
	granted := map[string]bool{}
	var known []domain.GroupGrant
	for _, g := range grants {
		_, found, err := Teams.Find(tx, g.Team)
		if err != nil {
			return nil, err
		}
		if !found || granted[g.Team] {
			continue
		}
		granted[g.Team], known = true, append(known, g)
		if _, err := PutMember(tx, g.Team, user, func(m *domain.Member, now time.Time) ([]domain.Event, error) {
			return m.JoinByGroup(g, now), nil
		}); err != nil {
			return nil, err
		}
	}
	members, err := Memberships(ctx, tx, user)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if granted[domain.Parent(m.Name)] || m.Group == "" {
			continue
		}
		if _, err := Members.Update(tx, m.Name, "", func(m *domain.Member, _ time.Time) ([]domain.Event, error) {
			return m.LeaveGroups(), nil
		}); err != nil {
			return nil, err
		}
	}
	return known, nil
}
