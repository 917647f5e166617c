package oidc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

const callback = "https://kata.example.com/sign-in/callback"

func client(t *testing.T, cfg Config, clock *testkit.Clock) *Client {
	t.Helper()
	cfg.ClientID, cfg.ClientSecret = oidctest.ClientID, oidctest.ClientSecret
	c, err := New(cfg, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConfig(t *testing.T) {
	if c, err := New(Config{}, nil); c != nil || err != nil {
		t.Errorf("without an issuer there is no provider: %v, %v", c, err)
	}
	for name, c := range map[string]struct {
		cfg    Config
		reason string
	}{
		"issuer":  {Config{Issuer: "http://id.example.com", ClientID: "x"}, "ISSUER_INVALID"},
		"client":  {Config{Issuer: "https://id.example.com"}, "OIDC_CLIENT_ID_MISSING"},
		"mapping": {Config{Issuer: "https://id.example.com", ClientID: "x", Groups: "a=b"}, "GROUP_MAPPING_INVALID"},
	} {
		if _, err := New(c.cfg, nil); err == nil || fault.From(err).Reason != c.reason {
			t.Errorf("%s: %v, want %s", name, err, c.reason)
		}
	}
	c := client(t, Config{Issuer: "https://id.example.com:8443/realms/x", Scopes: []string{"openid", " ", "groups"}}, testkit.NewClock())
	if c.DisplayName() != "id.example.com:8443" || c.cfg.GroupsClaim != "groups" || len(c.cfg.Scopes) != 1 || c.cfg.Timeout != defaultTimeout {
		t.Errorf("settled to %+v", c.cfg)
	}
}

// A description that leads elsewhere without TLS, or to another issuer, is not followed.
func TestDescriptionsThatLeadAstray(t *testing.T) {
	for name, change := range map[string]func(map[string]string){
		"authorization endpoint without TLS":      func(d map[string]string) { d["authorization_endpoint"] = "http://id.example.com/authorize" },
		"authorization endpoint that is a script": func(d map[string]string) { d["authorization_endpoint"] = "javascript:alert(1)" },
		"no authorization endpoint":               func(d map[string]string) { delete(d, "authorization_endpoint") },
		"another issuer":                          func(d map[string]string) { d["issuer"] += "/" },
		"token endpoint without TLS":              func(d map[string]string) { d["token_endpoint"] = "http://id.example.com/token" },
	} {
		t.Run(name, func(t *testing.T) {
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				d := map[string]string{"issuer": server.URL}
				for _, endpoint := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"} {
					d[endpoint] = server.URL + "/" + endpoint
				}
				change(d)
				_ = json.NewEncoder(w).Encode(d)
			}))
			t.Cleanup(server.Close)
			c := client(t, Config{Issuer: server.URL}, testkit.NewClock())
			_, err := c.Complete(t.Context(), Callback{Code: "x", RedirectURI: callback, Nonce: "n", Verifier: "v"})
			testkit.Refused(t, err, fault.Unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE")
		})
	}
}

// signIn goes through a sign-in without anything around it.
func signIn(t *testing.T, c *Client, p *oidctest.Provider) error {
	t.Helper()
	const verifier = "a-verifier-of-forty-three-characters-or-more"
	uri, err := c.AuthorizationURI(t.Context(), callback, "state", "nonce", verifier)
	if err != nil {
		return err
	}
	back := p.Visit(t, uri).Query()
	_, err = c.Complete(t.Context(), Callback{Code: back.Get("code"), Issuer: back.Get("iss"), RedirectURI: callback, Nonce: "nonce", Verifier: verifier})
	return err
}

// The provider's description and keys count for an hour, and are asked for again then.
func TestWhatIsKnownGrowsOld(t *testing.T) {
	clock := testkit.NewClock()
	p := oidctest.New(t, clock.Now, callback)
	p.SignIn(oidctest.Person{Subject: "ada", Name: "Ada", Email: "a@b"})
	c := client(t, Config{Issuer: p.Issuer}, clock)
	for _, step := range []struct {
		wait      time.Duration
		discovery int
	}{{0, 1}, {59 * time.Minute, 1}, {time.Minute, 2}, {time.Minute, 2}} {
		clock.Advance(step.wait)
		if err := signIn(t, c, p); err != nil {
			t.Fatal(err)
		}
		if p.Requests(oidctest.Discovery) != step.discovery || p.Requests(oidctest.Keys) != step.discovery {
			t.Errorf("after %v: asked %d and %d times, want %d", step.wait, p.Requests(oidctest.Discovery), p.Requests(oidctest.Keys), step.discovery)
		}
	}
}

func TestEndSessionWithoutTheProvider(t *testing.T) {
	clock := testkit.NewClock()
	p := oidctest.New(t, clock.Now, callback)
	c := client(t, Config{Issuer: p.Issuer}, clock)
	p.Behave(oidctest.Behaviour{Down: true})
	if uri := c.EndSession(t.Context(), "", "https://kata.example.com/"); uri != "" {
		t.Errorf("a provider that is away is to end the session at %q", uri)
	}
	clock.Advance(time.Minute)
	p.Behave(oidctest.Behaviour{})
	uri := c.EndSession(t.Context(), string(make([]byte, maxHint+1)), "https://kata.example.com/?a=b&c")
	u, err := url.Parse(uri)
	if err != nil || u.Query().Get("post_logout_redirect_uri") != "https://kata.example.com/?a=b&c" || u.Query().Has("id_token_hint") {
		t.Errorf("the session ends at %.200q, %v", uri, err)
	}
}

func TestWord(t *testing.T) {
	for text, want := range map[string]string{"access_denied": "access_denied", "": "", "<b>": "?", "a b": "?", "a\nb": "?"} {
		if Word(text) != want {
			t.Errorf("%q became %q", text, Word(text))
		}
	}
}
