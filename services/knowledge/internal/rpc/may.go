package rpc

import (
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// action is what somebody wants to do with a learning.
type action int

const (
	read action = iota
	change
)

// may decides whether a caller may do something with a learning, by the learning's own team: a draft is for the people of the team
// that learned it, what was published is for everybody, and only those who may work for the team change it. What was imported has no team
// here, and only admins change it. To somebody who may not know of a draft it does not exist. Reasons: LEARNING_NOT_FOUND,
// PERMISSION_DENIED.
func may(c caller.Caller, what action, l *domain.Learning) error {
	switch team := l.TeamID(); {
	case c.Anonymous(), l.State == domain.Draft && !mayReadDrafts(c, team):
		return domain.NotFound(l.Name)
	case what == change && team == "" && (!c.Admin || c.ReadOnly):
		return fault.New(fault.PermissionDenied, "PERMISSION_DENIED", "The learning was imported; only admins may do this.")
	case what == change && team != "" && !c.CanWrite(team):
		return fault.New(fault.PermissionDenied, "PERMISSION_DENIED", "Only members of the team that learned it may do this.")
	}
	return nil
}

// mayReadDrafts tells whether a caller may know what a team has not published. That managers read every team, and that a team may
// be open to everybody, is about what it has.
func mayReadDrafts(c caller.Caller, team string) bool {
	return c.InTeam(team) || mayReadAllDrafts(c)
}

func mayReadAllDrafts(c caller.Caller) bool { return !c.Anonymous() && (c.Admin || c.Service) }

// reader is the same for lists: whose drafts a caller may see.
func reader(c caller.Caller) store.Reader {
	r := store.Reader{Principal: c.Subject, Everything: mayReadAllDrafts(c)}
	for team := range c.Teams {
		if mayReadDrafts(c, team) {
			r.Teams = append(r.Teams, team)
		}
	}
	return r
}

// mayReadTeam decides whether a caller may read what a team, teams/{team}, has set. Reason: PERMISSION_DENIED, whether or not there is such a
// team.
func mayReadTeam(c caller.Caller, team string) error {
	if !c.CanRead(teamID(team)) {
		return fault.New(fault.PermissionDenied, "PERMISSION_DENIED", "You may not do this with %q, or it does not exist.", team)
	}
	return nil
}
