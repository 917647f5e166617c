package rpc

import (
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

func TestMay(t *testing.T) {
	const yes, denied, hidden = fault.Kind(0), fault.PermissionDenied, fault.NotFound
	in := func(role caller.Role) caller.Caller {
		return caller.Caller{Subject: "users/mina", Teams: map[string]caller.Role{"payments": role}}
	}
	readOnly := in(caller.Coach)
	readOnly.ReadOnly = true
	for name, c := range map[string]struct {
		caller                                              caller.Caller
		readDraft, readPublished, changeDraft, changePublic fault.Kind
		lists                                               bool
	}{
		"anonymous":              {caller.Caller{}, hidden, hidden, hidden, hidden, false},
		"anonymous, claims":      {caller.Caller{Admin: true, Service: true}, hidden, hidden, hidden, hidden, false},
		"viewer":                 {in(caller.Viewer), yes, yes, denied, denied, true},
		"member":                 {in(caller.Member), yes, yes, yes, yes, true},
		"coach":                  {in(caller.Coach), yes, yes, yes, yes, true},
		"read-only coach":        {readOnly, yes, yes, denied, denied, true},
		"bot":                    {caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}}, yes, yes, yes, yes, true},
		"coach of another team":  {caller.Caller{Subject: "users/aiko", Teams: map[string]caller.Role{"mobile": caller.Coach}}, hidden, yes, hidden, denied, false},
		"anybody, team is open":  {caller.Caller{Subject: "users/aiko", OpenTeams: []string{"payments"}}, hidden, yes, hidden, denied, false},
		"manager":                {caller.Caller{Subject: "users/mara", Manager: true}, hidden, yes, hidden, denied, false},
		"admin":                  {caller.Caller{Subject: "users/root", Admin: true}, yes, yes, yes, yes, true},
		"service":                {caller.Caller{Subject: "services/cycle", Service: true}, yes, yes, yes, yes, true},
		"a role nobody knows of": {in("owner"), hidden, yes, hidden, denied, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, try := range []struct {
				what  action
				state domain.State
				want  fault.Kind
			}{
				{read, domain.Draft, c.readDraft},
				{read, domain.Published, c.readPublished},
				{read, domain.Retired, c.readPublished},
				{change, domain.Draft, c.changeDraft},
				{change, domain.Published, c.changePublic},
			} {
				err := may(c.caller, try.what, &domain.Learning{Name: "learnings/a", Team: "teams/payments", State: try.state})
				if got := fault.From(err); (got == nil) != (try.want == yes) || got != nil && got.Kind != try.want {
					t.Errorf("action %d on a learning that is %s: %v", try.what, try.state, err)
				}
			}
			r := reader(c.caller)
			if got := r.Everything || slices.Contains(r.Teams, "payments"); got != c.lists {
				t.Errorf("lists drafts: %v", got)
			}
		})
	}
}

// What was imported has no team here: everybody reads it, and only admins change it.
func TestMayWithoutATeam(t *testing.T) {
	for name, c := range map[string]struct {
		caller                   caller.Caller
		readDraft, read, changes bool
	}{
		"anonymous":          {caller.Caller{}, false, false, false},
		"member of a team":   {caller.Caller{Subject: "users/mina", Teams: map[string]caller.Role{"payments": caller.Member, "": caller.Coach}}, false, true, false},
		"bot":                {caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}}, false, true, false},
		"manager":            {caller.Caller{Subject: "users/mara", Manager: true}, false, true, false},
		"service":            {caller.Caller{Subject: "services/cycle", Service: true}, true, true, false},
		"admin":              {caller.Caller{Subject: "users/root", Admin: true}, true, true, true},
		"admin, read-only":   {caller.Caller{Subject: "users/root", Admin: true, ReadOnly: true}, true, true, false},
		"nobody as an admin": {caller.Caller{Admin: true}, false, false, false},
	} {
		for state, reads := range map[domain.State]bool{domain.Draft: c.readDraft, domain.Published: c.read} {
			l := &domain.Learning{Name: "learnings/a", State: state}
			if err := may(c.caller, read, l); (err == nil) != reads {
				t.Errorf("%s reads what is %s: %v", name, state, err)
			}
			if err := may(c.caller, change, l); (err == nil) != (reads && c.changes) {
				t.Errorf("%s changes what is %s: %v", name, state, err)
			}
		}
	}
}
