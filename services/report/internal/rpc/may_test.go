package rpc

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

func TestMayRead(t *testing.T) {
	in := func(role caller.Role) map[string]caller.Role { return map[string]caller.Role{"payments": role} }
	for name, c := range map[string]struct {
		caller caller.Caller
		team   string
		want   bool
	}{
		"anonymous":             {caller.Caller{}, "teams/payments", false},
		"anonymous, claims":     {caller.Caller{Manager: true, Service: true}, "teams/payments", false},
		"viewer":                {caller.Caller{Subject: "users/vera", Teams: in(caller.Viewer)}, "teams/payments", true},
		"read-only member":      {caller.Caller{Subject: "users/jonas", ReadOnly: true, Teams: in(caller.Member)}, "teams/payments", true},
		"bot":                   {caller.Caller{Subject: "teams/payments/tokens/slack", Teams: in(caller.Member)}, "teams/payments", true},
		"bot of another team":   {caller.Caller{Subject: "teams/payments/tokens/slack", Teams: in(caller.Member)}, "teams/mobile", false},
		"anybody, team is open": {caller.Caller{Subject: "users/aiko", OpenTeams: []string{"payments"}}, "teams/payments", true},
		"coach of another team": {caller.Caller{Subject: "users/mina", Teams: in(caller.Coach)}, "teams/mobile", false},
		"manager":               {caller.Caller{Subject: "users/mara", Manager: true}, "teams/payments", true},
		"admin":                 {caller.Caller{Subject: "users/root", Admin: true}, "teams/payments", true},
		"no team":               {caller.Caller{Subject: "users/root", Admin: true}, "teams/", false},
		"another name":          {caller.Caller{Subject: "users/jonas", Teams: in(caller.Member)}, "payments", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayRead(c.caller, c.team); got != c.want {
				t.Errorf("may read: %v", got)
			}
		})
	}
}
