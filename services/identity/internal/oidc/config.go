// Package oidc is the client of the organisation's OpenID provider: the authorization code flow with PKCE, and what has to be
// checked before anybody believes what the provider says about a person.
package oidc

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Config says which provider there is, and what it may decide. The zero value is no provider.
type Config struct {
	// Issuer is the provider's address, exactly as in its claim iss. Empty means that there is no provider.
	Issuer string
	// ClientID and ClientSecret are what this installation was registered with there. A public client has no secret.
	ClientID, ClientSecret string
	// DisplayName is what people call the provider; the issuer's host when empty.
	DisplayName string
	// Scopes are what is asked for beside openid; profile and email when empty.
	Scopes []string
	// GroupsClaim is the claim that holds a person's groups; "groups" when empty.
	GroupsClaim string
	// Groups is the mapping from groups to roles and teams, see domain.ParseGroupMapping. Empty means that groups give nothing.
	Groups string
	// KnownUsersOnly lets in nobody who has no account here yet. Without it, who is unknown becomes a new user.
	KnownUsersOnly bool
	// JoinByEmail ties an unknown account to the user who has its verified e-mail address. Only for a provider that verifies
	// the addresses of all its people.
	JoinByEmail bool
	// AllowUnverifiedEmail makes users also of people whose address the provider says it has not verified. The address itself
	// is left out.
	AllowUnverifiedEmail bool
	// Automatic sends people to the provider without asking.
	Automatic bool
	// Timeout is how long one request to the provider may take; 10 seconds when zero.
	Timeout time.Duration
}

// settled is a configuration that was checked and filled in.
type settled struct {
	Config
	policy domain.SignInPolicy
}

// settle checks the configuration, without asking the provider.
func (c Config) settle() (settled, error) {
	if err := domain.CheckIssuer("oidc.issuer", c.Issuer); err != nil {
		return settled{}, err
	}
	if c.ClientID == "" {
		return settled{}, fault.Invalid("oidc.client_id", "OIDC_CLIENT_ID_MISSING", "an OpenID provider needs a client id: the one that this installation is registered with there")
	}
	mapping, err := domain.ParseGroupMapping(c.Groups)
	if err != nil {
		return settled{}, err
	}
	if c.DisplayName == "" {
		u, err := url.Parse(c.Issuer)
		if err != nil {
			return settled{}, fault.From(err)
		}
		c.DisplayName = u.Host
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	c.Scopes = slices.DeleteFunc(slices.Clone(c.Scopes), func(s string) bool { return strings.TrimSpace(s) == "" || s == scopeOpenID })
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"profile", "email"}
	}
	return settled{Config: c, policy: domain.SignInPolicy{
		KnownUsersOnly: c.KnownUsersOnly, JoinByEmail: c.JoinByEmail, AllowUnverifiedEmail: c.AllowUnverifiedEmail, Groups: mapping,
	}}, nil
}

const (
	scopeOpenID    = "openid"
	defaultTimeout = 10 * time.Second
)
