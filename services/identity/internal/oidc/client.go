package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

const (
	// fresh is how long the provider's description and keys are used before they are asked for again. It is also how long a
	// key that the provider has withdrawn may go on counting here.
	fresh = time.Hour
	// pause is how long a provider that did not answer is left alone.
	pause = 5 * time.Second
)

// algorithms are what an ID token may be signed with: whatever the provider or the token says, never nothing and never a
// shared secret.
var algorithms = []string{oidc.RS256, oidc.ES256, oidc.EdDSA, oidc.PS256}

// Client speaks to the provider. It is made without asking it anything, and asks when somebody signs in. It is safe for
// concurrent use.
type Client struct {
	cfg   settled
	http  *http.Client
	clock func() time.Time

	asking singleflight.Group
	mu     sync.Mutex
	known  *provider
	failed time.Time // when the provider was last asked in vain
	cause  error
}

// provider is what the provider says about itself.
type provider struct {
	*oidc.Provider
	verifier *oidc.IDTokenVerifier
	learned  time.Time
	metadata struct {
		AuthURL      string   `json:"authorization_endpoint"`
		KeysURL      string   `json:"jwks_uri"`
		EndSession   string   `json:"end_session_endpoint"`
		TokenAuth    []string `json:"token_endpoint_auth_methods_supported"`
		AnswersIssue bool     `json:"authorization_response_iss_parameter_supported"`
	}
}

// New makes a client; nil when the configuration has no provider.
func New(cfg Config, clock func() time.Time) (*Client, error) {
	if cfg.Issuer == "" {
		return nil, nil
	}
	s, err := cfg.settle()
	if err != nil {
		return nil, err
	}
	return &Client{cfg: s, http: httpClient(s.Timeout), clock: clock}, nil
}

// Issuer is the provider's address.
func (c *Client) Issuer() string { return c.cfg.Issuer }

// DisplayName is what people call the provider.
func (c *Client) DisplayName() string { return c.cfg.DisplayName }

// Automatic tells whether people are sent to the provider without asking.
func (c *Client) Automatic() bool { return c.cfg.Automatic }

// Policy is what the provider may decide.
func (c *Client) Policy() domain.SignInPolicy { return c.cfg.policy }

// AuthorizationURI is where the browser has to go for a sign-in. Reason: SIGN_IN_PROVIDER_UNAVAILABLE.
func (c *Client) AuthorizationURI(ctx context.Context, redirectURI, state, nonce, verifier string) (string, error) {
	p, err := c.provider(ctx)
	if err != nil {
		return "", err
	}
	return c.oauth(p, redirectURI).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// EndSession is where the browser has to go to sign out at the provider as well; "" when the provider offers no such place or
// cannot be asked. hint is the ID token that the session was opened with, or "".
func (c *Client) EndSession(ctx context.Context, hint, returnURI string) string {
	p, err := c.provider(ctx)
	if err != nil || p.metadata.EndSession == "" {
		return ""
	}
	u, err := url.Parse(p.metadata.EndSession)
	if err != nil || !domain.Trusted(u) {
		return ""
	}
	q := u.Query()
	q.Set("client_id", c.cfg.ClientID)
	if hint != "" && len(hint) <= maxHint {
		q.Set("id_token_hint", hint)
	}
	if returnURI != "" {
		q.Set("post_logout_redirect_uri", returnURI)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// maxHint is the longest ID token that fits into an address.
const maxHint = 4000

func (c *Client) oauth(p *provider, redirectURI string) *oauth2.Config {
	endpoint := p.Endpoint()
	// Chosen here, for the library would otherwise try both ways and send the code twice.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	basic := len(p.metadata.TokenAuth) == 0 || slices.Contains(p.metadata.TokenAuth, "client_secret_basic")
	if c.cfg.ClientSecret == "" || !basic {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret, Endpoint: endpoint, RedirectURL: redirectURI,
		Scopes: append([]string{scopeOpenID}, c.cfg.Scopes...),
	}
}

// provider returns what the provider says about itself, and asks it when that is not known or too old. While it does not
// answer, what was known goes on counting.
func (c *Client) provider(ctx context.Context) (*provider, error) {
	known, failure := c.remembered()
	if known != nil && (failure != nil || c.clock().Sub(known.learned) < fresh) {
		return known, nil //nolint:nilerr // the failure is why it is not asked; what was known goes on counting
	}
	if failure != nil {
		return nil, domain.ProviderUnavailable().Because(failure)
	}
	// Asked once for all who wait, and not given up when one of them goes.
	answer := c.asking.DoChan("", func() (any, error) { return c.discover(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return nil, domain.ProviderUnavailable().Because(ctx.Err())
	case a := <-answer:
		if a.Err == nil {
			return a.Val.(*provider), nil
		}
		if known != nil {
			return known, nil
		}
		return nil, domain.ProviderUnavailable().Because(a.Err)
	}
}

// remembered is the provider as it is known, and why it is not to be asked right now.
func (c *Client) remembered() (*provider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil && c.clock().Sub(c.failed) < pause {
		return c.known, c.cause
	}
	return c.known, nil
}

func (c *Client) discover(ctx context.Context) (*provider, error) {
	p, err := c.ask(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause = err; err != nil {
		c.failed = c.clock()
		return nil, err
	}
	c.known = p
	return p, nil
}

func (c *Client) ask(ctx context.Context) (*provider, error) {
	ctx = oidc.ClientContext(ctx, c.http)
	found, err := oidc.NewProvider(ctx, c.cfg.Issuer)
	if err != nil {
		return nil, short(err)
	}
	p := &provider{Provider: found, learned: c.clock()}
	if err := found.Claims(&p.metadata); err != nil {
		return nil, short(err)
	}
	// Every other address is looked at when something is sent there; this one the browser is sent to.
	if u, err := url.Parse(p.metadata.AuthURL); err != nil || !domain.Trusted(u) {
		return nil, errors.New("the provider names no authorization endpoint with TLS")
	}
	keys := keySet{oidc.NewRemoteKeySet(ctx, p.metadata.KeysURL)}
	p.verifier = oidc.NewVerifier(c.cfg.Issuer, keys, &oidc.Config{ClientID: c.cfg.ClientID, SupportedSigningAlgs: algorithms, Now: c.clock})
	return p, nil
}

// short keeps an answer of the provider, which may be long, out of the log for the most part.
func short(err error) error {
	const most = 300
	if text := err.Error(); len(text) > most {
		return errors.New(text[:most] + "…")
	}
	return err
}
