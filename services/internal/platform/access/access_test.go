package access_test

import (
	"strings"
	"testing"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/access"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

// Everybody who may ever call, and who is let in by which rule on "teams/payments/boxes/b" or "users/mina/tokens/t".
var kinds = []struct {
	name   string
	caller caller.Caller
	in     string // the rules that let the caller in
}{
	{"anonymous", caller.Caller{}, "PUBLIC"},
	{"anonymous with rights", caller.Caller{Admin: true, Manager: true, Service: true, Teams: map[string]caller.Role{"payments": caller.Coach}}, "PUBLIC"},
	{"member", callertest.User("mo", "payments", caller.Member), "PUBLIC SIGNED_IN TEAM_READER TEAM_MEMBER"},
	{"coach", callertest.User("mo", "payments", caller.Coach), "PUBLIC SIGNED_IN TEAM_READER TEAM_MEMBER TEAM_COACH"},
	{"viewer", callertest.User("mo", "payments", caller.Viewer), "PUBLIC SIGNED_IN TEAM_READER"},
	{"unknown role", callertest.User("mo", "payments", "owner"), "PUBLIC SIGNED_IN"},
	{"coach of another team", callertest.User("mo", "payment", caller.Coach), "PUBLIC SIGNED_IN"},
	{"the user", callertest.User("mina", "", ""), "PUBLIC SIGNED_IN SELF"},
	{"manager", callertest.Manager("mo"), "PUBLIC SIGNED_IN TEAM_READER"},
	{"admin", callertest.Admin("mo"), "PUBLIC SIGNED_IN SELF TEAM_READER TEAM_MEMBER TEAM_COACH ADMIN"},
	{"service", callertest.Service("cycle"), "PUBLIC SIGNED_IN TEAM_READER TEAM_MEMBER SERVICE"},
	{"service called like the user", callertest.Service("mina"), "PUBLIC SIGNED_IN TEAM_READER TEAM_MEMBER SERVICE"},
}

func TestAllowed(t *testing.T) {
	for _, kind := range kinds {
		in := map[string]bool{}
		for _, rule := range strings.Fields(kind.in) {
			in[rule] = true
		}
		for number, name := range commonv1.Access_name {
			allow := commonv1.Access(number)
			short := strings.TrimPrefix(name, "ACCESS_")
			resource := "teams/payments/boxes/b"
			if allow == commonv1.Access_ACCESS_SELF {
				resource = "users/mina/tokens/t"
			}
			t.Run(kind.name+"/"+short, func(t *testing.T) {
				if got := access.Allowed(access.Rule{Allow: allow}, kind.caller, resource); got != in[short] {
					t.Errorf("allowed = %v, want %v", got, in[short])
				}
			})
		}
		if access.Allowed(access.Rule{Allow: 99}, kind.caller, "teams/payments") {
			t.Errorf("%s: a rule that does not exist lets in", kind.name)
		}
	}
}

// What belongs to the organisation is read by whoever has signed in and changed by managers and admins, and only through methods
// that say so.
func TestAllowedForTheOrganization(t *testing.T) {
	for name, c := range map[string]struct {
		caller       caller.Caller
		reads, wrote bool
	}{
		"anonymous": {caller.Caller{}, false, false},
		"coach":     {callertest.User("mo", "payments", caller.Coach), true, false},
		"manager":   {callertest.Manager("mo"), true, true},
		"admin":     {callertest.Admin("mo"), true, true},
		"read only": {caller.Caller{Subject: "users/mo", Manager: true, ReadOnly: true}, true, false},
		"service":   {callertest.Service("cycle"), true, true},
	} {
		for _, resource := range []string{"organization", "organization/metrics/incidents"} {
			read := access.Rule{Allow: commonv1.Access_ACCESS_TEAM_READER, Organization: true, Reads: true}
			write := access.Rule{Allow: commonv1.Access_ACCESS_TEAM_MEMBER, Organization: true}
			if got := access.Allowed(read, c.caller, resource); got != c.reads {
				t.Errorf("%s reads %s: %v", name, resource, got)
			}
			if got := access.Allowed(write, c.caller, resource); got != c.wrote {
				t.Errorf("%s changes %s: %v", name, resource, got)
			}
			read.Organization, write.Organization = false, false
			if access.Allowed(read, c.caller, resource) || access.Allowed(write, c.caller, resource) {
				t.Errorf("%s is let in to %s by a method that is for teams", name, resource)
			}
		}
		if access.Allowed(access.Rule{Allow: commonv1.Access_ACCESS_TEAM_READER, Organization: true, Reads: true}, c.caller, "organizations/metrics/x") {
			t.Errorf("%s: another name lets in", name)
		}
	}
}

func TestAllowedNeedsTheNameOfATeamOrUser(t *testing.T) {
	admin := callertest.Admin("mina")
	for _, resource := range []string{"", "teams", "teams/", "teams//boxes/b", "/teams/payments", "lids/teams/payments", "users/mina", "Teams/payments"} {
		if access.Allowed(access.Rule{Allow: commonv1.Access_ACCESS_TEAM_READER}, admin, resource) {
			t.Errorf("team rule: %q lets an admin in", resource)
		}
	}
	for _, resource := range []string{"", "users/", "lids/mina", "users//tokens/t"} {
		if access.Allowed(access.Rule{Allow: commonv1.Access_ACCESS_SELF}, admin, resource) {
			t.Errorf("self rule: %q lets an admin in", resource)
		}
	}
	for _, resource := range []string{"teams/payments", "teams/payments/boxes/b/seal"} {
		if !access.Allowed(access.Rule{Allow: commonv1.Access_ACCESS_TEAM_COACH}, admin, resource) {
			t.Errorf("team rule: %q keeps an admin out", resource)
		}
	}
}

func TestRuleOf(t *testing.T) {
	for method, want := range map[string]struct {
		allow commonv1.Access
		field string
		err   string
	}{
		"GetBox":    {commonv1.Access_ACCESS_TEAM_READER, "name", ""},
		"UpdateBox": {commonv1.Access_ACCESS_TEAM_COACH, "box.name", ""},
		"Peek":      {commonv1.Access_ACCESS_PUBLIC, "", ""},
		"Loose":     {0, "", "does not say who may call it"},
		"Vague":     {0, "", "needs a resource_field"},
		"Overdone":  {0, "", "looks at no resource"},
		"Astray":    {0, "", "is no string field"},
		"Blunt":     {0, "", "is no string field"},
		"Plural":    {0, "", "is no string field"},
	} {
		t.Run(method, func(t *testing.T) {
			rule, err := access.RuleOf(rpctest.Method(method))
			if want.err != "" {
				if err == nil || !strings.Contains(err.Error(), want.err) || !strings.Contains(err.Error(), method) {
					t.Fatalf("error %v, want %q", err, want.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if rule.Allow != want.allow || rule.Field != want.field || rule.NeedsRequest() != (want.field != "") {
				t.Errorf("got %+v", rule)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	coach := callertest.User("mina", "payments", caller.Coach)
	for name, c := range map[string]struct {
		method, request string
		caller          caller.Caller
		reason          string
	}{
		"own team":                    {"GetBox", `{"name":"teams/payments/boxes/b"}`, coach, ""},
		"another team":                {"GetBox", `{"name":"teams/search/boxes/b"}`, coach, access.ReasonDenied},
		"nobody":                      {"GetBox", `{"name":"teams/payments/boxes/b"}`, caller.Caller{}, access.ReasonUnauthenticated},
		"no name":                     {"GetBox", `{}`, coach, access.ReasonDenied},
		"nested name":                 {"UpdateBox", `{"box":{"name":"teams/payments/boxes/b"}}`, coach, ""},
		"nested name of another team": {"UpdateBox", `{"box":{"name":"teams/search/boxes/b"}}`, coach, access.ReasonDenied},
		"nested message missing":      {"UpdateBox", `{}`, coach, access.ReasonDenied},
		"own user":                    {"Greet", `{"name":"users/mina"}`, coach, ""},
		"another user":                {"Greet", `{"name":"users/mo"}`, coach, access.ReasonDenied},
		"no resource, nobody":         {"Enter", `{}`, caller.Caller{}, access.ReasonUnauthenticated},
		"no resource, not enough":     {"Rule", `{}`, coach, access.ReasonDenied},
		"public":                      {"Peek", `{}`, caller.Caller{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rule, err := access.RuleOf(rpctest.Method(c.method))
			if err != nil {
				t.Fatal(err)
			}
			err = rule.Check(c.caller, rpctest.Request(c.method, c.request).ProtoReflect())
			if c.reason == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("let in")
			}
			kind := fault.PermissionDenied
			if c.reason == access.ReasonUnauthenticated {
				kind = fault.Unauthenticated
			}
			if f := fault.From(err); f.Reason != c.reason || f.Kind != kind {
				t.Errorf("got %v %s", f.Kind, f.Reason)
			}
		})
	}
}

func TestCheckCaller(t *testing.T) {
	member := callertest.User("mina", "payments", caller.Member)
	for name, c := range map[string]struct {
		method string
		caller caller.Caller
		want   string
	}{
		"the request will decide":  {"GetBox", member, ""},
		"nobody needs no request":  {"GetBox", caller.Caller{}, access.ReasonUnauthenticated},
		"signed in":                {"Enter", member, ""},
		"no admin":                 {"Rule", member, access.ReasonDenied},
		"no service":               {"Sync", callertest.Admin("mina"), access.ReasonDenied},
		"public and nobody":        {"Peek", caller.Caller{}, ""},
		"services are no admins":   {"Rule", callertest.Service("cycle"), access.ReasonDenied},
		"service where one may be": {"Sync", callertest.Service("cycle"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			rule, err := access.RuleOf(rpctest.Method(c.method))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := rule.CheckCaller(c.caller); err != nil {
				got = fault.From(err).Reason
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRefusalRepeatsOnlyTheStartOfAName(t *testing.T) {
	rule, err := access.RuleOf(rpctest.Method("GetBox"))
	if err != nil {
		t.Fatal(err)
	}
	request := rpctest.Request("GetBox", `{"name":"teams/`+strings.Repeat("ä", 5000)+`"}`)
	err = rule.Check(callertest.User("mina", "", ""), request.ProtoReflect())
	if f := fault.From(err); len(f.Message) > 300 || strings.Contains(f.Message, "\uFFFD") {
		t.Errorf("message of %d bytes: %s", len(f.Message), f.Message)
	}
}
