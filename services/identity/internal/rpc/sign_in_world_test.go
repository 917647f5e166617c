package rpc_test

import (
	"context"
	"net/url"
	"testing"

	"google.golang.org/grpc/metadata"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/oidc"
	"github.com/fortnighthq/fortnight/services/identity/internal/rpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

const callback = "https://kata.example.com/sign-in/callback"

// pages is a world in which people sign in with a browser: with links, and at a provider of the test.
type pages struct {
	*world
	provider *oidctest.Provider
}

// browsers runs fn on both engines. configure changes what the provider may decide.
func browsers(t *testing.T, configure func(*oidc.Config), fn func(t *testing.T, w *pages)) {
	t.Helper()
	onEngines(t, func(t *testing.T, engine db.Engine) { fn(t, openPages(t, engine, configure)) })
}

// openPages makes the world with the users mina and noor and the teams payments and search.
func openPages(t *testing.T, engine db.Engine, configure func(*oidc.Config)) *pages {
	t.Helper()
	w := &pages{}
	w.world = openWorld(t, engine, func(k *testkit.Kit, server *rpc.Server) {
		w.provider = oidctest.New(t, k.Clock.Now, callback)
		cfg := oidc.Config{Issuer: w.provider.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, DisplayName: "Example ID"}
		if configure != nil {
			configure(&cfg)
		}
		server.UseSignIn(rpc.SignIn{Provider: must(oidc.New(cfg, k.Clock.Now))(t), Limits: must(domain.SessionLimits{}.Settle())(t)})
	}, "mina", "noor")
	return w
}

// browser is what the gateway's calls for a browser come with.
func (w *pages) browser() context.Context {
	from := origin.Origin{Door: origin.Pages, Address: "203.0.113.7", UserAgent: "Browser/1.0"}
	return metadata.AppendToOutgoingContext(w.Context(), origin.MetadataKey, from.String())
}

// begin begins a sign-in and goes to the provider, as a browser does; it returns what comes back.
func (w *pages) begin(returnTo string) *identityv1.CompleteSignInRequest {
	w.Helper()
	begun := must(w.BeginSignIn(w.browser(), &identityv1.BeginSignInRequest{ReturnTo: returnTo, RedirectUri: callback}))(w.T)
	return cameBack(w.provider.Visit(w.T, begun.GetAuthorizationUri()), begun.GetBinding())
}

// cameBack is what the gateway makes of the callback.
func cameBack(to *url.URL, binding string) *identityv1.CompleteSignInRequest {
	q := to.Query()
	return &identityv1.CompleteSignInRequest{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"), Binding: binding}
}

// signInAs signs a person in at the provider and here.
func (w *pages) signInAs(who oidctest.Person) (*identityv1.SignInResponse, error) {
	w.Helper()
	w.provider.SignIn(who)
	return w.CompleteSignIn(w.browser(), w.begin(""))
}

// with returns a context that calls with a session, as the gateway does.
func (w *pages) with(secret string) (context.Context, error) {
	answer, err := w.Authenticate(w.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Session{Session: secret}})
	return metadata.AppendToOutgoingContext(w.Context(), caller.MetadataKey, answer.GetCallerToken()), err
}

// whoIs is whom a session lets in.
func (w *pages) whoIs(secret string) *identityv1.Caller {
	w.Helper()
	ctx := must(w.with(secret))(w.T)
	return must(w.GetCaller(ctx, &identityv1.GetCallerRequest{}))(w.T)
}

// link makes a sign-in link of a user and returns its secret.
func (w *pages) link(user, returnTo string) string {
	w.Helper()
	link := must(w.CreateSignInLink(w.As(root), &identityv1.CreateSignInLinkRequest{Parent: user, ReturnTo: returnTo}))(w.T)
	u, err := url.Parse(link.GetPath())
	if err != nil || u.Path != "/sign-in/link" || u.Query().Get("secret") == "" {
		w.Fatalf("path = %q, %v", link.GetPath(), err)
	}
	return u.Query().Get("secret")
}

func (w *pages) useLink(secret string) (*identityv1.SignInResponse, error) {
	return w.SignInWithLink(w.browser(), &identityv1.SignInWithLinkRequest{Secret: secret})
}

// audited are the audit events of some actions, oldest first.
func (w *pages) audited(actions ...commonv1.AuditAction) (found []*commonv1.AuditEvent) {
	w.Helper()
	for _, e := range testkit.Audited(w.T, w.log) {
		for _, a := range actions {
			if e.GetAction() == a {
				found = append(found, e)
			}
		}
	}
	return found
}
