package identity_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

const callback = "https://kata.example.com/sign-in/callback"

// useLink opens a session with the path of a sign-in link.
func (w *world) useLink(path string) (*identityv1.SignInResponse, error) {
	w.Helper()
	u, err := url.Parse(path)
	if err != nil {
		w.Fatal(err)
	}
	return w.SignInWithLink(w.Context(), &identityv1.SignInWithLinkRequest{Secret: u.Query().Get("secret")})
}

func (w *world) withSession(secret string) context.Context {
	w.Helper()
	answer, err := w.Authenticate(w.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Session{Session: secret}})
	if err != nil {
		w.Fatal(err)
	}
	return metadata.AppendToOutgoingContext(w.Context(), caller.MetadataKey, answer.GetCallerToken())
}

func TestTheOperatorsLink(t *testing.T) {
	w := start(t)
	if _, err := w.service.IssueToken(t.Context(), "root", "Root", admin, 0); err != nil {
		t.Fatal(err)
	}
	path, err := w.service.SignInLink(t.Context(), "root", "/admin")
	if err != nil || !strings.HasPrefix(path, "/sign-in/link?secret=fnl_") {
		t.Fatalf("path = %.30s…, %v", path, err)
	}
	answer, err := w.useLink(path)
	if err != nil || answer.GetReturnTo() != "/admin" {
		t.Fatalf("the link leads to %q, %v", answer.GetReturnTo(), err)
	}
	me, err := w.GetCaller(w.withSession(answer.GetSecret()), &identityv1.GetCallerRequest{})
	if err != nil || me.GetUser() != "users/root" || len(me.GetOrganizationRoles()) != 1 {
		t.Errorf("the link lets in %v, %v", me, err)
	}
	_, err = w.service.SignInLink(t.Context(), "nobody", "")
	testkit.Refused(t, err, fault.NotFound, "USER_NOT_FOUND")
	_, err = w.service.SignInLink(t.Context(), "No Body", "")
	testkit.Refused(t, err, fault.InvalidArgument, "ID_INVALID", "user_id")
	_, err = w.service.SignInLink(t.Context(), "root", "//evil.example")
	testkit.Refused(t, err, fault.InvalidArgument, "SIGN_IN_RETURN_TO_INVALID", "return_to")
}

func TestSignInIsChecked(t *testing.T) {
	w := start(t)
	for name, c := range map[string]struct {
		change func(*identity.Config)
		reason string
	}{
		"issuer without TLS": {func(c *identity.Config) { c.OIDC = identity.OIDC{Issuer: "http://id.example.com", ClientID: "x"} }, "ISSUER_INVALID"},
		"no client id":       {func(c *identity.Config) { c.OIDC = identity.OIDC{Issuer: "https://id.example.com"} }, "OIDC_CLIENT_ID_MISSING"},
		"wrong mapping": {func(c *identity.Config) {
			c.OIDC = identity.OIDC{Issuer: "https://id.example.com", ClientID: "x", Groups: "sre=root"}
		}, "GROUP_MAPPING_INVALID"},
		"idle too short": {func(c *identity.Config) { c.SessionIdle = time.Second }, "SESSION_IDLE_TOO_SHORT"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := identity.Config{}
			c.change(&cfg)
			if _, err := identity.New(t.Context(), w.kit, cfg); err == nil || fault.From(err).Reason != c.reason {
				t.Errorf("%v, want %s", err, c.reason)
			}
		})
	}
	// A provider that cannot be reached is no reason not to start.
	w.restart(func(c *identity.Config) { c.OIDC = identity.OIDC{Issuer: "https://127.0.0.1:1", ClientID: "x"} })
}

// Whoever steals the database, the log, or a backup of them finds nothing that lets anybody in.
func TestNothingUsableIsStored(t *testing.T) {
	provider := oidctest.New(t, testkit.NewClock().Now, callback) // which stands where the world's clock does
	w := start(t, func(c *identity.Config) {
		c.OIDC = identity.OIDC{Issuer: provider.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Groups: "sre=admin"}
	})
	var secrets []string
	keep := func(secret string) string { secrets = append(secrets, secret); return secret }
	if _, err := w.service.IssueToken(t.Context(), "root", "Root", admin, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 { // one link that is used and one that is not
		path, err := w.service.SignInLink(t.Context(), "root", "")
		if err != nil {
			t.Fatal(err)
		}
		keep(strings.TrimPrefix(path, "/sign-in/link?secret="))
	}
	byLink, err := w.useLink("/sign-in/link?secret=" + secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	keep(byLink.GetSecret())

	provider.SignIn(oidctest.Person{Subject: "sub-ada", PreferredUsername: "ada", Email: "ada@example.com", EmailVerified: true, Groups: []string{"sre"}})
	for i := range 3 { // one that stays pending, one that fails, one that signs in
		begun, err := w.BeginSignIn(t.Context(), &identityv1.BeginSignInRequest{RedirectUri: callback})
		if err != nil {
			t.Fatal(err)
		}
		back := provider.Visit(t, begun.GetAuthorizationUri()).Query()
		state, binding := domain.SentSecret(keep(back.Get("state"))), domain.SentSecret(keep(begun.GetBinding()))
		keep(domain.Nonce(binding, state))
		keep(domain.CodeVerifier(binding, state))
		if i == 0 {
			continue
		}
		req := &identityv1.CompleteSignInRequest{State: back.Get("state"), Code: back.Get("code"), Issuer: back.Get("iss"), Binding: begun.GetBinding()}
		if i == 1 {
			req.Code = "guessed"
		}
		answer, err := w.CompleteSignIn(t.Context(), req)
		if i == 1 {
			testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_PROVIDER_REFUSED")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		w.withSession(keep(answer.GetSecret()))
	}
	secrets = append(append(secrets, provider.Secrets()...), oidctest.ClientSecret)
	if len(secrets) < 20 {
		t.Fatalf("only %d secrets were seen", len(secrets))
	}
	files := w.files()
	if !strings.Contains(files, "sub-ada") || !strings.Contains(files, byLink.GetSession().GetName()) {
		t.Fatal("the files are not those of the service")
	}
	for i, secret := range secrets {
		if strings.Contains(files, secret) {
			t.Errorf("secret %d, %.6s…, is in the database", i, secret)
		}
		if strings.Contains(w.Output(), secret) {
			t.Errorf("secret %d, %.6s…, is in the log", i, secret)
		}
	}
}
