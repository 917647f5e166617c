package rpc_test

import (
	"slices"
	"testing"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// scoped makes a token with scopes for a user and returns its secret.
func (w *world) scoped(user, id string, scopes ...string) string {
	w.Helper()
	return must(w.CreateToken(w.As(root), &identityv1.CreateTokenRequest{
		Parent: user, TokenId: id, Token: &identityv1.Token{DisplayName: "for a test", Scopes: scopes},
	}))(w.T).GetSecret()
}

// admin makes a user who is an admin by what is stored.
func (w *world) admin(id string) string {
	w.Helper()
	return must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: id, User: &identityv1.User{
		DisplayName: id, OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN},
	}}))(w.T).GetName()
}

// told is what every service is told about a credential.
func (w *world) told(secret string) caller.Caller {
	w.Helper()
	answer := must(w.Authenticate(w.As(nobody), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: secret}}))(w.T)
	set := &caller.KeySet{Clock: w.Clock.Now, Fetch: published(w)}
	c, err := (&caller.Verifier{Clock: w.Clock.Now, Keys: set.Key}).Verify(w.Context(), answer.GetCallerToken())
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func TestScopesDecideWhatATokenLetsDo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.admin("ada")
		must(w.join(root, ada, identityv1.TeamRole_TEAM_ROLE_COACH))(t)
		for id, test := range map[string]struct {
			scopes                     []string
			in, reads, coaches, admins bool
		}{
			"nothing-said":   {nil, true, true, true, false},
			"read":           {[]string{"read"}, true, true, false, false},
			"write":          {[]string{"write"}, true, true, true, false},
			"admin":          {[]string{"admin"}, true, true, true, true},
			"read-and-admin": {[]string{"read", "admin"}, true, true, true, true},
			"mcp":            {[]string{"mcp"}, false, false, false, false},
			"read-and-mcp":   {[]string{"read", "mcp"}, true, true, false, false},
		} {
			t.Run(id, func(t *testing.T) {
				ctx, err := w.signIn(w.scoped(ada, id, test.scopes...))
				if !test.in {
					testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				check := func(what string, err error, allowed bool) {
					t.Helper()
					if allowed && err != nil {
						t.Errorf("may not %s: %v", what, err)
					} else if !allowed {
						testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
					}
				}
				_, err = w.GetTeam(ctx, &identityv1.GetTeamRequest{Name: "teams/payments"})
				check("read its team", err, test.reads)
				_, err = w.UpdateTeam(ctx, &identityv1.UpdateTeamRequest{Team: &identityv1.Team{Name: "teams/payments", DisplayName: id}})
				check("change its team", err, test.coaches)
				_, err = w.GetTeam(ctx, &identityv1.GetTeamRequest{Name: "teams/search"})
				check("read another team", err, test.admins)
				_, err = w.CreateTeam(ctx, &identityv1.CreateTeamRequest{Team: &identityv1.Team{DisplayName: "x"}})
				check("make a team", err, test.admins)
				_, err = w.CreateToken(ctx, &identityv1.CreateTokenRequest{Parent: ada, Token: &identityv1.Token{DisplayName: "x"}})
				check("make itself a token", err, test.coaches)
				_, err = w.CreateToken(ctx, &identityv1.CreateTokenRequest{Parent: ada, Token: &identityv1.Token{DisplayName: "x", Scopes: []string{"admin"}}})
				switch {
				case test.admins:
					check("give the scope admin", err, true)
				case test.coaches:
					testkit.Refused(t, err, fault.FailedPrecondition, "TOKEN_SCOPE_ADMIN", "token.scopes")
				default:
					check("give the scope admin", err, false)
				}
				me := must(w.GetCaller(ctx, &identityv1.GetCallerRequest{}))(t)
				if me.GetReadOnly() == test.coaches || (len(me.GetOrganizationRoles()) == 1) != test.admins || me.GetUser() != ada {
					t.Errorf("caller = %v", me)
				}
				// Addresses are shown to those whose role of admin counts.
				noor := must(w.GetUser(ctx, &identityv1.GetUserRequest{Name: "users/noor"}))(t)
				if (noor.GetEmail() != "") != test.admins {
					t.Errorf("sees the address %q", noor.GetEmail())
				}
			})
		}
	})
}

func TestScopesThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, test := range []struct {
			name   string
			as     caller.Caller
			parent string
			scopes []string
			kind   fault.Kind
			reason string
			field  string
		}{
			{"admin, by a user", member, "users/noor", []string{"admin"}, fault.FailedPrecondition, "TOKEN_SCOPE_ADMIN", "token.scopes"},
			{"a bot's for a user", root, "users/noor", []string{"bot:payments"}, fault.InvalidArgument, "TOKEN_SCOPE_FOR_BOTS", "token.scopes"},
			{"a user's for a bot", root, "teams/payments", []string{"write"}, fault.InvalidArgument, "TOKEN_SCOPE_NOT_FOR_BOTS", "token.scopes"},
			{"admin for a bot", root, "teams/payments", []string{"bot:payments", "admin"}, fault.InvalidArgument, "TOKEN_SCOPE_NOT_FOR_BOTS", "token.scopes"},
			{"another team's for a bot", coach, "teams/payments", []string{"bot:search"}, fault.InvalidArgument, "TOKEN_SCOPE_NOT_FOR_BOTS", "token.scopes"},
			{"one that is none", root, "users/noor", []string{"everything"}, fault.InvalidArgument, "VALIDATION_FAILED", "token.scopes[0]"},
		} {
			_, err := w.CreateToken(w.As(test.as), &identityv1.CreateTokenRequest{Parent: test.parent, Token: &identityv1.Token{DisplayName: "x", Scopes: test.scopes}})
			testkit.Refused(t, err, test.kind, test.reason, test.field)
		}
		if got := w.events(); len(got) != 0 {
			t.Errorf("refused requests left events: %v", got)
		}
	})
}

func TestEveryCallerTokenNamesItsServices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want := []string{"cycle", "experiment", "identity", "knowledge", "notification", "report", "retrospective"}
		for kind, c := range map[string]caller.Caller{
			"a user":    w.told(w.token("users/noor", "ci").GetSecret()),
			"a bot":     w.told(w.botToken("payments", "slack").GetSecret()),
			"a service": w.toldService("cycle"),
		} {
			if got := slices.Sorted(slices.Values(c.Audience)); !slices.Equal(got, want) {
				t.Errorf("the token of %s is for %v", kind, got)
			}
		}
	})
}

// toldService is what every service is told about one that asks for itself.
func (w *world) toldService(name string) caller.Caller {
	w.Helper()
	answer := must(w.Authenticate(w.As(nobody), &identityv1.AuthenticateRequest{
		Credential: &identityv1.AuthenticateRequest_Service{Service: &identityv1.ServiceCredential{Service: name, Key: serviceKey}},
	}))(w.T)
	set := &caller.KeySet{Clock: w.Clock.Now, Fetch: published(w)}
	c, err := (&caller.Verifier{Clock: w.Clock.Now, Keys: set.Key}).Verify(w.Context(), answer.GetCallerToken())
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func TestLastUseIsKnownToTheMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Clock.Set(time.Date(2026, 6, 8, 9, 0, 10, 0, time.UTC))
		secret := w.token("users/noor", "ci").GetSecret()
		w.token("users/noor", "unused")
		lastUse := func() string {
			t.Helper()
			tokens := must(w.ListTokens(w.As(member), &identityv1.ListTokensRequest{Parent: "users/noor"}))(t).GetTokens()
			if len(tokens) != 2 || tokens[1].GetLastUseTime() != nil {
				t.Fatalf("tokens = %v", tokens)
			}
			if tokens[0].GetLastUseTime() == nil {
				return "never"
			}
			return tokens[0].GetLastUseTime().AsTime().Format("15:04:05")
		}
		if got := lastUse(); got != "never" {
			t.Errorf("before its first use: %s", got)
		}
		for _, test := range []struct {
			after time.Duration
			want  string
		}{{0, "09:00:00"}, {49 * time.Second, "09:00:00"}, {time.Second, "09:01:00"}, {time.Hour, "10:01:00"}} {
			w.Clock.Advance(test.after)
			must(w.signIn(secret))(t)
			if got := lastUse(); got != test.want {
				t.Errorf("last use %s, want %s", got, test.want)
			}
		}
		revoked := must(w.RevokeToken(w.As(member), &identityv1.RevokeTokenRequest{Name: "users/noor/tokens/ci"}))(t)
		if revoked.GetLastUseTime() == nil {
			t.Error("the answer to a revocation does not tell the last use")
		}
		w.Clock.Advance(time.Hour)
		_, err := w.signIn(secret)
		testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
		if got := lastUse(); got != "10:01:00" {
			t.Errorf("a refused use counts: %s", got)
		}
		if got := w.events(); len(got) != 3 { // created, created, revoked: a use is no event
			t.Errorf("events = %v", got)
		}
	})
}

func TestARemovedMemberLosesTheTeamWithTheNextCallerToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(w.join(root, "users/noor", identityv1.TeamRole_TEAM_ROLE_MEMBER))(t)
		secret := w.token("users/noor", "ci").GetSecret()
		if c := w.told(secret); !c.CanWrite("payments") {
			t.Fatalf("a member is %+v", c)
		}
		must(w.DeleteMember(w.As(root), &identityv1.DeleteMemberRequest{Name: "teams/payments/members/noor"}))(t)
		// The gateway asks anew after 20 seconds at the latest; nothing here keeps what was true before.
		if c := w.told(secret); c.CanRead("payments") || c.InTeam("payments") {
			t.Errorf("who was removed is %+v", c)
		}
	})
}
