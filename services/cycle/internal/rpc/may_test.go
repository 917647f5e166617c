package rpc

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

func TestMayOverrule(t *testing.T) {
	cycle := &domain.Cycle{Name: "teams/payments/cycles/2026-w24"}
	in := func(team string, role caller.Role) map[string]caller.Role { return map[string]caller.Role{team: role} }
	for name, c := range map[string]struct {
		caller caller.Caller
		want   bool
	}{
		"anonymous, claims":     {caller.Caller{Admin: true, Teams: in("payments", caller.Coach)}, false},
		"viewer":                {caller.Caller{Subject: "users/vera", Teams: in("payments", caller.Viewer)}, false},
		"member":                {caller.Caller{Subject: "users/jonas", Teams: in("payments", caller.Member)}, false},
		"coach":                 {caller.Caller{Subject: "users/mina", Teams: in("payments", caller.Coach)}, true},
		"read-only coach":       {caller.Caller{Subject: "users/mina", ReadOnly: true, Teams: in("payments", caller.Coach)}, false},
		"coach of another team": {caller.Caller{Subject: "users/aiko", Teams: in("mobile", caller.Coach)}, false},
		"bot":                   {caller.Caller{Subject: "teams/payments/tokens/slack", Teams: in("payments", caller.Member)}, false},
		"manager":               {caller.Caller{Subject: "users/mara", Manager: true}, false},
		"admin":                 {caller.Caller{Subject: "users/root", Admin: true}, true},
		"service":               {caller.Caller{Subject: "services/experiment", Service: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayOverrule(c.caller, cycle); got != c.want {
				t.Errorf("may overrule: %v", got)
			}
			if got := mayInsist(c.caller, teamOf(cycle.Name)); got != c.want {
				t.Errorf("may insist: %v", got)
			}
		})
	}
}

func TestMayConfirm(t *testing.T) {
	for subject, want := range map[string]bool{"": false, "users/mina": true, "teams/payments/tokens/slack": false} {
		if got := mayConfirm(caller.Caller{Subject: subject}); got != want {
			t.Errorf("%q may confirm: %v", subject, got)
		}
	}
	if mayConfirm(caller.Caller{Subject: "services/experiment", Service: true}) {
		t.Error("a service may confirm")
	}
}

func TestMayAnswer(t *testing.T) {
	asked := &domain.Obstacle{Name: "teams/payments/obstacles/env", Escalation: &domain.Escalation{Owner: "users/boss"}}
	in := func(team string, role caller.Role) map[string]caller.Role { return map[string]caller.Role{team: role} }
	open := []string{"payments"}
	for name, c := range map[string]struct {
		caller   caller.Caller
		obstacle *domain.Obstacle
		want     bool
	}{
		"anonymous, of one without an owner": {caller.Caller{OpenTeams: open}, &domain.Obstacle{Name: asked.Name}, false},
		"the owner, who may read":            {caller.Caller{Subject: "users/boss", OpenTeams: open}, asked, true},
		"the owner, a viewer":                {caller.Caller{Subject: "users/boss", Teams: in("payments", caller.Viewer)}, asked, true},
		"the owner, who may not read":        {caller.Caller{Subject: "users/boss", Teams: in("mobile", caller.Coach)}, asked, false},
		"the owner, read-only":               {caller.Caller{Subject: "users/boss", OpenTeams: open, ReadOnly: true}, asked, false},
		"another reader":                     {caller.Caller{Subject: "users/vera", Teams: in("payments", caller.Viewer)}, asked, false},
		"another manager":                    {caller.Caller{Subject: "users/mara", Manager: true}, asked, false},
		"a member":                           {caller.Caller{Subject: "users/jonas", Teams: in("payments", caller.Member)}, asked, true},
		"a read-only member":                 {caller.Caller{Subject: "users/jonas", Teams: in("payments", caller.Member), ReadOnly: true}, asked, false},
		"a member, of one without an owner":  {caller.Caller{Subject: "users/jonas", Teams: in("payments", caller.Member)}, &domain.Obstacle{Name: asked.Name}, true},
		"admin":                              {caller.Caller{Subject: "users/root", Admin: true}, asked, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayAnswer(c.caller, c.obstacle); got != c.want {
				t.Errorf("may answer: %v", got)
			}
		})
	}
}
