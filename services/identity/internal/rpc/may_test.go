package rpc

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

func TestMay(t *testing.T) {
	for name, c := range map[string]struct {
		caller                             caller.Caller
		everyTeam, details, roles, toAdmin bool
	}{
		"anonymous, claims": {caller.Caller{Admin: true, Manager: true, Service: true}, false, false, false, false},
		"the user":          {caller.Caller{Subject: "users/mina"}, false, true, true, false},
		"another user":      {caller.Caller{Subject: "users/jonas"}, false, false, true, false},
		"a longer name":     {caller.Caller{Subject: "users/mina2"}, false, false, true, false},
		"coach":             {caller.Caller{Subject: "users/jonas", Teams: map[string]caller.Role{"payments": caller.Coach}}, false, false, true, false},
		"bot":               {caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}}, false, false, false, false},
		"manager":           {caller.Caller{Subject: "users/mara", Manager: true}, true, false, true, false},
		"admin":             {caller.Caller{Subject: "users/root", Admin: true}, true, true, true, true},
		"admin who reads":   {caller.Caller{Subject: "users/root", Admin: true, ReadOnly: true}, true, true, true, false},
		"service":           {caller.Caller{Subject: "services/cycle", Service: true}, true, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := [4]bool{mayListEveryTeam(c.caller), mayReadDetails(c.caller, "users/mina"), mayReadRoles(c.caller, "users/mina"), mayGiveAdmin(c.caller)}
			if want := [4]bool{c.everyTeam, c.details, c.roles, c.toAdmin}; got != want {
				t.Errorf("may: %v, want %v", got, want)
			}
		})
	}
}
