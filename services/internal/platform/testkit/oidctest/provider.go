// Package oidctest is an OpenID provider for tests: a real HTTP server on this machine with discovery, keys that rotate, an
// authorization endpoint that signs in whom the test says, a token endpoint that checks the client, the code, the redirect
// URI and PKCE, userinfo, and an end of the session. It does all of it right until the test tells it to misbehave.
package oidctest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the provider knows of its one client.
const (
	ClientID     = "fortnight"
	ClientSecret = "the client's secret, with a colon: and a %"
)

// Person is who signs in. A field that is nil or empty is a claim that is left out.
type Person struct {
	Subject, Name, PreferredUsername, Email string
	// EmailVerified and Groups are any, for providers differ in what they put there.
	EmailVerified, Groups any
	// Claims are further claims, or others in place of these.
	Claims map[string]any
}

// Behaviour is what the provider does wrong, or otherwise. The zero value is right.
type Behaviour struct {
	// Issuer, Audience, Nonce, AuthorizedParty and AccessTokenHash stand in the ID token instead of the right ones.
	Issuer, Nonce, AuthorizedParty, AccessTokenHash string
	Audience                                        []string
	// Algorithm signs the ID token: RS256 when empty, PS256, ES256, EdDSA, or none, HS256 (with the public key as the secret).
	Algorithm string
	// OtherKey signs with a key that is not published, Expired makes tokens that are over, Early such as are made in the future,
	// WithoutIssuedAt leaves iat out.
	OtherKey, Expired, Early, WithoutIssuedAt bool
	// WithoutIDToken leaves the ID token out.
	WithoutIDToken bool
	// OnlyInUserInfo keeps everything but the subject out of the ID token; UserInfoSubject stands in userinfo instead of the
	// right one.
	OnlyInUserInfo  bool
	UserInfoSubject string
	// Error is what the authorization endpoint answers instead of a code; ResponseIssuer is its parameter iss, "-" for none.
	Error, ResponseIssuer string
	// OnlyPost says that the client sends its secret in the form.
	OnlyPost bool
	// CodesForEver lets a code be exchanged again and again.
	CodesForEver bool
	// WithoutEndSession offers no end of the session.
	WithoutEndSession bool
	// Broken, Huge, Slow and Redirecting are paths that answer 500, with 2 MiB, not before the test ends, or with a redirect to
	// themselves.
	Broken, Huge, Slow, Redirecting string
	// Down breaks every connection off.
	Down bool
}

// Provider is the provider. Its methods are safe for concurrent use.
type Provider struct {
	// Issuer is the provider's address.
	Issuer string
	// RedirectURIs are where the client may have people sent to.
	RedirectURIs []string

	clock  func() time.Time
	server *httptest.Server
	ended  chan struct{}

	mu       sync.Mutex
	person   Person
	how      Behaviour
	keys     keys
	codes    map[string]grant
	tokens   map[string]grant // by access token
	seen     []string
	requests map[string]int
}

// grant is what a code or an access token stands for.
type grant struct {
	person                                     Person
	redirectURI, challenge, nonce, accessToken string
}

// The paths of the provider.
const (
	Discovery  = "/.well-known/openid-configuration"
	Keys       = "/keys"
	Authorize  = "/authorize"
	Token      = "/token"
	UserInfo   = "/userinfo"
	EndSession = "/end-session"
)

// New starts a provider that ends with the test.
func New(t testing.TB, clock func() time.Time, redirectURIs ...string) *Provider {
	t.Helper()
	p := &Provider{
		RedirectURIs: redirectURIs, clock: clock, ended: make(chan struct{}), codes: map[string]grant{}, tokens: map[string]grant{},
		requests: map[string]int{}, keys: keys{}.after(),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Discovery, p.discovery)
	mux.HandleFunc("GET "+Keys, p.jwks)
	mux.HandleFunc("GET "+Authorize, p.authorize)
	mux.HandleFunc("POST "+Token, p.token)
	mux.HandleFunc("GET "+UserInfo, p.userInfo)
	mux.HandleFunc("GET "+EndSession, p.endSession)
	p.server = httptest.NewServer(p.misbehaving(mux))
	p.Issuer = p.server.URL
	t.Cleanup(func() {
		close(p.ended)
		p.server.Close()
	})
	return p
}

// SignIn makes person the one who is signed in at the provider.
func (p *Provider) SignIn(person Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = person
}

// Behave makes the provider behave in a way until it is told otherwise.
func (p *Provider) Behave(how Behaviour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.how = how
}

// RotateKeys makes new keys and forgets the old ones.
func (p *Provider) RotateKeys() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = p.keys.after()
}

// Requests is how often a path was asked for.
func (p *Provider) Requests(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[path]
}

// Secrets are all codes and tokens that the provider has given out.
func (p *Provider) Secrets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// Visit does what the browser does with the address of a sign-in or a sign-out: it goes there, and returns where it is sent
// to.
func (p *Provider) Visit(t testing.TB, uri string) *url.URL {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		t.Fatalf("the provider answered %s and sends the browser nowhere", answer.Status)
	}
	return to
}

// behaviour is a copy of what the provider does now.
func (p *Provider) behaviour() Behaviour {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.how
}

// misbehaving is what happens before a request is looked at.
func (p *Provider) misbehaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests[r.URL.Path]++
		how := p.how
		p.mu.Unlock()
		switch {
		case how.Down:
			panic(http.ErrAbortHandler) // breaks the connection off
		case how.Broken == r.URL.Path:
			http.Error(w, "the provider's own words, not for anybody", http.StatusInternalServerError)
		case how.Redirecting == r.URL.Path:
			http.Redirect(w, r, p.Issuer+r.URL.Path, http.StatusTemporaryRedirect)
		case how.Huge == r.URL.Path:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"filler":"` + strings.Repeat("x", 2<<20) + `"}`))
		case how.Slow == r.URL.Path:
			select {
			case <-p.ended:
			case <-r.Context().Done():
			}
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	how := p.behaviour()
	methods := []string{"client_secret_basic", "client_secret_post"}
	if how.OnlyPost {
		methods = []string{"client_secret_post"}
	}
	document := map[string]any{
		"issuer": p.Issuer, "authorization_endpoint": p.Issuer + Authorize, "token_endpoint": p.Issuer + Token,
		"jwks_uri": p.Issuer + Keys, "userinfo_endpoint": p.Issuer + UserInfo, "end_session_endpoint": p.Issuer + EndSession,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		// All that a careless client might take.
		"id_token_signing_alg_values_supported":          []string{"RS256", "PS256", "ES256", "EdDSA", "HS256", "none"},
		"token_endpoint_auth_methods_supported":          methods,
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": how.ResponseIssuer != "-",
	}
	if how.WithoutEndSession {
		delete(document, "end_session_endpoint")
	}
	answer(w, http.StatusOK, document)
}

// newSecret makes a code or a token, and remembers it for Secrets.
func (p *Provider) newSecret() string {
	var random [24]byte
	_, _ = rand.Read(random[:]) // never fails
	secret := base64.RawURLEncoding.EncodeToString(random[:])
	p.seen = append(p.seen, secret)
	return secret
}

func answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}
