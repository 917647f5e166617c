package rpc_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/oidc"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

var ada = oidctest.Person{Subject: "sub-ada", Name: "Ada Lovelace", PreferredUsername: "ada", Email: "ada@example.com", EmailVerified: true}

func TestThePersonAtTheProviderSignsIn(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		w.provider.SignIn(ada)
		answer := must(w.CompleteSignIn(w.browser(), w.begin("/teams/payments")))(t)
		if answer.GetReturnTo() != "/teams/payments" || answer.GetSession().GetMethod() != identityv1.SignInMethod_SIGN_IN_METHOD_PROVIDER {
			t.Errorf("answer = %v, %v", answer.GetReturnTo(), answer.GetSession())
		}
		if me := w.whoIs(answer.GetSecret()); me.GetUser() != "users/ada" || len(me.GetOrganizationRoles()) != 0 || len(me.GetTeams()) != 0 {
			t.Errorf("the session lets in %v", me)
		}
		user := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/ada"}))(t)
		if user.GetDisplayName() != "Ada Lovelace" || user.GetEmail() != "ada@example.com" {
			t.Errorf("user = %v", user)
		}
		again := must(w.signInAs(ada))(t)
		if me := w.whoIs(again.GetSecret()); me.GetUser() != "users/ada" || again.GetSecret() == answer.GetSecret() {
			t.Errorf("the second sign-in lets in %v", me)
		}
		accounts := must(w.ListAccounts(must(w.with(again.GetSecret()))(t), &identityv1.ListAccountsRequest{Parent: "users/ada"}))(t).GetAccounts()
		if len(accounts) != 1 || accounts[0].GetIssuer() != w.provider.Issuer || accounts[0].GetSubject() != "sub-ada" || accounts[0].GetSignInTime() == nil {
			t.Errorf("accounts = %v", accounts)
		}
		in := w.audited(commonv1.AuditAction_AUDIT_ACTION_SIGNED_IN, commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_TIED)
		if len(in) != 3 || in[0].GetAction() != commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_TIED || in[1].GetActor() != "users/ada" || in[1].GetDetails()["method"] != "PROVIDER" {
			t.Errorf("audited %v", in)
		}
	})
}

func TestSignInMethods(t *testing.T) {
	w := openPages(t, db.SQLite, func(c *oidc.Config) { c.Automatic = true })
	if m := must(w.GetSignInMethods(w.As(nobody), &identityv1.GetSignInMethodsRequest{}))(t); m.GetProviderDisplayName() != "Example ID" || !m.GetAutomatic() {
		t.Errorf("methods = %v", m)
	}
	each(t, func(t *testing.T, w *world) { // without a provider
		if m := must(w.GetSignInMethods(w.As(nobody), &identityv1.GetSignInMethodsRequest{}))(t); m.GetProviderDisplayName() != "" || m.GetAutomatic() {
			t.Errorf("methods = %v", m)
		}
		_, err := w.BeginSignIn(w.As(nobody), &identityv1.BeginSignInRequest{RedirectUri: callback})
		testkit.Refused(t, err, fault.FailedPrecondition, "SIGN_IN_PROVIDER_NOT_SET_UP")
		_, err = w.CompleteSignIn(w.As(nobody), &identityv1.CompleteSignInRequest{State: "x", Code: "x"})
		testkit.Refused(t, err, fault.FailedPrecondition, "SIGN_IN_PROVIDER_NOT_SET_UP")
	})
}

// What the provider is to be asked for, and what must not be in the address.
func TestTheAuthorizationRequest(t *testing.T) {
	w := openPages(t, db.SQLite, func(c *oidc.Config) { c.Scopes = []string{"openid", "email", "groups"} })
	begun := must(w.BeginSignIn(w.browser(), &identityv1.BeginSignInRequest{RedirectUri: callback}))(t)
	u, err := url.Parse(begun.GetAuthorizationUri())
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"client_id": oidctest.ClientID, "redirect_uri": callback, "response_type": "code", "code_challenge_method": "S256", "scope": "openid email groups",
	} {
		if q.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, q.Get(name), want)
		}
	}
	verifier := domain.CodeVerifier(domain.SentSecret(begun.GetBinding()), domain.SentSecret(q.Get("state")))
	for _, secret := range []string{begun.GetBinding(), verifier, oidctest.ClientSecret} {
		if strings.Contains(begun.GetAuthorizationUri(), url.QueryEscape(secret)) {
			t.Error("the address holds what the provider must not see")
		}
	}
	if !begun.GetExpireTime().AsTime().Equal(w.Clock.Now().Add(domain.PendingSignInLifetime)) {
		t.Errorf("ends at %v", begun.GetExpireTime().AsTime())
	}
	for field, req := range map[string]*identityv1.BeginSignInRequest{
		"return_to":    {RedirectUri: callback, ReturnTo: "//evil.example"},
		"redirect_uri": {RedirectUri: "javascript:alert(1)"},
	} {
		_, err := w.BeginSignIn(w.browser(), req)
		testkit.Refused(t, err, fault.InvalidArgument, map[string]string{"return_to": "SIGN_IN_RETURN_TO_INVALID", "redirect_uri": "SIGN_IN_REDIRECT_URI_INVALID"}[field], field)
	}
}

// Each way in which the provider, or somebody in its place, may lie.
func TestALieIsRefused(t *testing.T) {
	const unauthenticated, unavailable = fault.Unauthenticated, fault.Unavailable
	for name, c := range map[string]struct {
		how    oidctest.Behaviour
		kind   fault.Kind
		reason string
	}{
		"wrong issuer":                 {oidctest.Behaviour{Issuer: "https://other.example"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"issuer with a slash":          {oidctest.Behaviour{Issuer: "http://127.0.0.1/"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"wrong audience":               {oidctest.Behaviour{Audience: []string{"another client"}}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"no audience":                  {oidctest.Behaviour{Audience: []string{}}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"two audiences, no azp":        {oidctest.Behaviour{Audience: []string{oidctest.ClientID, "other"}}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"made for another client":      {oidctest.Behaviour{AuthorizedParty: "other"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"wrong nonce":                  {oidctest.Behaviour{Nonce: "another sign-in's"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"algorithm none":               {oidctest.Behaviour{Algorithm: "none"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"HS256 with the public key":    {oidctest.Behaviour{Algorithm: "HS256"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"algorithm that is not listed": {oidctest.Behaviour{Algorithm: "RS512"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"another key":                  {oidctest.Behaviour{OtherKey: true}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"expired":                      {oidctest.Behaviour{Expired: true}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"made in the future":           {oidctest.Behaviour{Early: true}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"no iat":                       {oidctest.Behaviour{WithoutIssuedAt: true}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"wrong at_hash":                {oidctest.Behaviour{AccessTokenHash: "AAAA"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"no ID token":                  {oidctest.Behaviour{WithoutIDToken: true}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"userinfo of somebody else":    {oidctest.Behaviour{OnlyInUserInfo: true, UserInfoSubject: "sub-mallory"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"answers for another provider": {oidctest.Behaviour{ResponseIssuer: "https://other.example"}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"the person says no":           {oidctest.Behaviour{Error: "access_denied"}, unauthenticated, "SIGN_IN_PROVIDER_REFUSED"},
		"an error of any text":         {oidctest.Behaviour{Error: "<script>"}, unauthenticated, "SIGN_IN_PROVIDER_REFUSED"},
		"keys are not to be had":       {oidctest.Behaviour{Broken: oidctest.Keys}, unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE"},
		"keys are huge":                {oidctest.Behaviour{Huge: oidctest.Keys}, unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE"},
		"token endpoint is broken":     {oidctest.Behaviour{Broken: oidctest.Token}, unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE"},
		"token endpoint is huge":       {oidctest.Behaviour{Huge: oidctest.Token}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
		"token endpoint redirects":     {oidctest.Behaviour{Redirecting: oidctest.Token}, unauthenticated, "SIGN_IN_PROVIDER_REFUSED"},
		"userinfo is broken":           {oidctest.Behaviour{OnlyInUserInfo: true, Broken: oidctest.UserInfo}, unauthenticated, "SIGN_IN_TOKEN_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			w := openPages(t, db.SQLite, nil)
			w.provider.Behave(c.how)
			_, err := w.signInAs(ada)
			f := testkit.Refused(t, err, c.kind, c.reason)
			if strings.Contains(f.Message, "own words") || strings.Contains(f.Message, "script") {
				t.Errorf("the provider's words reach people: %q", f.Message)
			}
			if strings.Contains(w.Output(), "own words") {
				t.Error("the provider's words reach the log")
			}
			_, err = w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/ada"})
			testkit.Refused(t, err, fault.NotFound, "USER_NOT_FOUND")
			refused := w.audited(commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_REFUSED)
			if c.kind == unauthenticated && (len(refused) != 1 || refused[0].GetReason() != c.reason) {
				t.Errorf("audited %v", refused)
			}
			// The same person signs in as soon as the provider tells the truth.
			w.provider.Behave(oidctest.Behaviour{})
			must(w.signInAs(ada))(t)
		})
	}
}

func TestGoodProvidersDiffer(t *testing.T) {
	for name, how := range map[string]oidctest.Behaviour{
		"PS256": {Algorithm: "PS256"}, "ES256": {Algorithm: "ES256"}, "EdDSA": {Algorithm: "EdDSA"},
		"secret in the form": {OnlyPost: true}, "claims in userinfo": {OnlyInUserInfo: true}, "no iss parameter": {ResponseIssuer: "-"},
		"made for us among others": {Audience: []string{"other", oidctest.ClientID}, AuthorizedParty: oidctest.ClientID},
	} {
		t.Run(name, func(t *testing.T) {
			w := openPages(t, db.SQLite, nil)
			w.provider.Behave(how)
			if me := w.whoIs(must(w.signInAs(ada))(t).GetSecret()); me.GetUser() != "users/ada" {
				t.Errorf("signed in as %v", me)
			}
			if user := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/ada"}))(t); user.GetEmail() != "ada@example.com" {
				t.Errorf("user = %v", user)
			}
		})
	}
}

func TestACallbackCountsOnceAndInItsBrowser(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		invalid := func(back *identityv1.CompleteSignInRequest) {
			t.Helper()
			_, err := w.CompleteSignIn(w.browser(), back)
			testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_STATE_INVALID")
		}
		w.provider.Behave(oidctest.Behaviour{CodesForEver: true}) // the provider does not help
		w.provider.SignIn(ada)
		back, other := w.begin("/"), w.begin("/")

		asked := w.provider.Requests(oidctest.Token)
		invalid(&identityv1.CompleteSignInRequest{State: back.GetState(), Code: back.GetCode(), Issuer: back.GetIssuer(), Binding: other.GetBinding()})
		invalid(&identityv1.CompleteSignInRequest{State: back.GetState(), Code: back.GetCode(), Issuer: back.GetIssuer()})
		invalid(&identityv1.CompleteSignInRequest{State: other.GetState() + "x", Code: back.GetCode(), Binding: back.GetBinding()})
		if w.provider.Requests(oidctest.Token) != asked {
			t.Error("a code of another browser was sent to the provider")
		}
		must(w.CompleteSignIn(w.browser(), back))(t) // the other browser has not ended it
		invalid(back)

		w.Clock.Advance(domain.PendingSignInLifetime)
		invalid(other)
	})
}

// A code that somebody else's sign-in got is of no use: its challenge is not met.
func TestAForeignCodeIsRefused(t *testing.T) {
	w := openPages(t, db.SQLite, nil)
	w.provider.SignIn(ada)
	victim := w.begin("/")
	w.provider.SignIn(oidctest.Person{Subject: "sub-mallory"})
	mallory := w.begin("/")
	mallory.Code = victim.GetCode()
	_, err := w.CompleteSignIn(w.browser(), mallory)
	testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_PROVIDER_REFUSED")
}

func TestTheProviderMayBeAway(t *testing.T) {
	w := openPages(t, db.SQLite, nil)
	begin := func() error {
		_, err := w.BeginSignIn(w.browser(), &identityv1.BeginSignInRequest{RedirectUri: callback})
		return err
	}
	for _, how := range []oidctest.Behaviour{
		{Down: true}, {Broken: oidctest.Discovery}, {Huge: oidctest.Discovery}, {Redirecting: oidctest.Discovery},
	} {
		w.provider.Behave(how)
		before := w.provider.Requests(oidctest.Discovery)
		for range 3 {
			testkit.Refused(t, begin(), fault.Unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE")
		}
		// A broken connection is tried again by the transport.
		if asked := w.provider.Requests(oidctest.Discovery) - before; asked == 0 || asked > 2 {
			t.Errorf("%+v: asked %d times; a provider that is away is left alone for a while", how, asked)
		}
		w.Clock.Advance(time.Minute)
	}
	must(w.useLink(w.link("users/mina", "")))(t) // links do not depend on it
	w.provider.Behave(oidctest.Behaviour{})
	if err := begin(); err != nil {
		t.Fatalf("the provider is back: %v", err)
	}
	asked := w.provider.Requests(oidctest.Discovery)
	for range 3 {
		must(w.signInAs(ada))(t)
	}
	if w.provider.Requests(oidctest.Discovery) != asked || w.provider.Requests(oidctest.Keys) != 1 {
		t.Error("what the provider says about itself is asked for again and again")
	}
	// New keys are found by their ids, and what is known goes on counting while the provider cannot be asked for more.
	w.provider.RotateKeys()
	must(w.signInAs(ada))(t)
	w.Clock.Advance(2 * time.Hour)
	w.provider.Behave(oidctest.Behaviour{Broken: oidctest.Discovery})
	must(w.signInAs(ada))(t)
}

func TestASlowProviderIsNotWaitedFor(t *testing.T) {
	w := openPages(t, db.SQLite, func(c *oidc.Config) { c.Timeout = 50 * time.Millisecond })
	w.provider.Behave(oidctest.Behaviour{Slow: oidctest.Discovery})
	_, err := w.BeginSignIn(w.browser(), &identityv1.BeginSignInRequest{RedirectUri: callback})
	testkit.Refused(t, err, fault.Unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE")
	w.Clock.Advance(time.Minute)
	w.provider.Behave(oidctest.Behaviour{Slow: oidctest.Token})
	w.provider.SignIn(ada)
	_, err = w.CompleteSignIn(w.browser(), w.begin("/"))
	testkit.Refused(t, err, fault.Unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE")
}

func TestSignOutAtTheProvider(t *testing.T) {
	const goodbye = "https://kata.example.com/signed-out"
	w := openPages(t, db.SQLite, nil)
	answer := must(w.signInAs(ada))(t)
	out := must(w.SignOut(w.browser(), &identityv1.SignOutRequest{Secret: answer.GetSecret(), PostLogoutRedirectUri: goodbye}))(t)
	u, err := url.Parse(out.GetEndSessionUri())
	if err != nil || u.Query().Get("id_token_hint") == "" || u.Query().Get("client_id") != oidctest.ClientID {
		t.Fatalf("the browser is sent to %q", out.GetEndSessionUri())
	}
	if to := w.provider.Visit(t, out.GetEndSessionUri()); to.String() != goodbye {
		t.Errorf("the provider sends the browser to %s", to)
	}
	w.over(answer.GetSecret())

	silent := openPages(t, db.SQLite, nil)
	silent.provider.Behave(oidctest.Behaviour{WithoutEndSession: true})
	answer = must(silent.signInAs(ada))(t)
	if out := must(silent.SignOut(silent.browser(), &identityv1.SignOutRequest{Secret: answer.GetSecret(), PostLogoutRedirectUri: goodbye}))(t); out.GetEndSessionUri() != "" {
		t.Errorf("the provider offers no such place, but the browser is sent to %q", out.GetEndSessionUri())
	}
	silent.over(answer.GetSecret())
}
