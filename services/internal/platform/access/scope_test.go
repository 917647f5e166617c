package access_test

import (
	"testing"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/access"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
)

// A credential for reading is good for what reads, whatever the roles are; nothing that reads is refused because of it.
func TestReadOnlyCredentials(t *testing.T) {
	for number := range commonv1.Access_name {
		allow := commonv1.Access(number)
		resource := "teams/payments/boxes/b"
		for name, c := range map[string]caller.Caller{
			"member": callertest.User("mo", "payments", caller.Member), "coach": callertest.User("mo", "payments", caller.Coach),
			"viewer": callertest.User("mo", "payments", caller.Viewer), "manager": callertest.Manager("mo"), "admin": callertest.Admin("mo"),
		} {
			full, limited := c, c
			limited.ReadOnly = true
			public := allow == commonv1.Access_ACCESS_PUBLIC
			if got := access.Allowed(access.Rule{Allow: allow}, limited, resource); got != public {
				t.Errorf("%s writes with %s: %v", name, allow, got)
			}
			// Rules for members and coaches guard what writes, so CanWrite and CanCoach refuse in any case.
			if allow == commonv1.Access_ACCESS_TEAM_MEMBER || allow == commonv1.Access_ACCESS_TEAM_COACH {
				continue
			}
			rule := access.Rule{Allow: allow, Reads: true}
			if got, want := access.Allowed(rule, limited, resource), access.Allowed(rule, full, resource); got != want {
				t.Errorf("%s reads with %s: %v, want %v", name, allow, got, want)
			}
		}
	}
}

// What belongs to a user is the user's and the admins'; what belongs to a team in the same way, such as its tokens, is its
// coaches' and the admins'.
func TestSelfOfATeam(t *testing.T) {
	bot := caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}}
	open := callertest.User("mo", "search", caller.Coach)
	open.OpenTeams = []string{"payments"}
	for name, c := range map[string]struct {
		caller     caller.Caller
		team, user bool
	}{
		"coach":                              {callertest.User("mo", "payments", caller.Coach), true, false},
		"member":                             {callertest.User("mo", "payments", caller.Member), false, false},
		"viewer":                             {callertest.User("mo", "payments", caller.Viewer), false, false},
		"coach of another team that sees it": {open, false, false},
		"the team's bot":                     {bot, false, false},
		"manager":                            {callertest.Manager("mo"), false, false},
		"admin":                              {callertest.Admin("mo"), true, true},
		"service":                            {callertest.Service("cycle"), false, false},
		"service called like the user":       {callertest.Service("mina"), false, false},
		"the user":                           {callertest.User("mina", "", ""), false, true},
		"a user called like the team":        {callertest.User("payments", "", ""), false, false},
		"nobody":                             {caller.Caller{Admin: true, Teams: map[string]caller.Role{"payments": caller.Coach}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			rule := access.Rule{Allow: commonv1.Access_ACCESS_SELF}
			if got := access.Allowed(rule, c.caller, "teams/payments/tokens/slack"); got != c.team {
				t.Errorf("the team's: %v", got)
			}
			if got := access.Allowed(rule, c.caller, "users/mina/tokens/laptop"); got != c.user {
				t.Errorf("the user's: %v", got)
			}
			limited := c.caller
			limited.ReadOnly = true
			if access.Allowed(rule, limited, "teams/payments/tokens/slack") || access.Allowed(rule, limited, "users/mina/tokens/laptop") {
				t.Error("a credential for reading writes")
			}
			for _, resource := range []string{"", "teams/", "users/", "teams", "lids/x", "services/cycle/tokens/x"} {
				if access.Allowed(rule, c.caller, resource) {
					t.Errorf("%q lets in", resource)
				}
			}
		})
	}
}

func TestWhatReads(t *testing.T) {
	methods := identityv1.File_fortnight_identity_v1_identity_service_proto.Services().ByName("IdentityService").Methods()
	for name, want := range map[string]bool{
		"GetTeam": true, "ListTeams": true, "GetCaller": true, "ListTokens": true,
		"CreateTeam": false, "UpdateTeam": false, "CreateToken": false, "RevokeToken": false, "CreateMember": false, "DeleteMember": false,
	} {
		found := false
		for i := range methods.Len() {
			if string(methods.Get(i).Name()) != name {
				continue
			}
			found = true
			rule, err := access.RuleOf(methods.Get(i))
			if err != nil || rule.Reads != want {
				t.Errorf("%s reads: %v, %v", name, rule.Reads, err)
			}
		}
		if !found {
			t.Errorf("there is no method %s", name)
		}
	}
}
