package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/gateway"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/config"
)

// SignInSettings say how people sign in to the pages. docs/sign-in.md explains them.
type SignInSettings struct {
	SessionIdle     time.Duration `env:"FORTNIGHT_SESSION_IDLE" default:"24h" doc:"how long a browser stays signed in without being used"`
	SessionLifetime time.Duration `env:"FORTNIGHT_SESSION_LIFETIME" default:"720h" doc:"how long a browser stays signed in at most"`

	OIDCIssuer         string        `env:"FORTNIGHT_OIDC_ISSUER" doc:"address of the OpenID provider; people sign in with links only when empty"`
	OIDCClientID       string        `env:"FORTNIGHT_OIDC_CLIENT_ID" doc:"what this installation is registered as at the provider"`
	OIDCClientSecret   config.Secret `env:"FORTNIGHT_OIDC_CLIENT_SECRET" doc:"secret of that registration"`
	OIDCDisplayName    string        `env:"FORTNIGHT_OIDC_DISPLAY_NAME" doc:"what people call the provider; the issuer's host when empty"`
	OIDCScopes         string        `env:"FORTNIGHT_OIDC_SCOPES" default:"profile email" doc:"what is asked for beside openid, with spaces between"`
	OIDCGroupsClaim    string        `env:"FORTNIGHT_OIDC_GROUPS_CLAIM" default:"groups" doc:"the claim that holds a person's groups"`
	OIDCGroups         string        `env:"FORTNIGHT_OIDC_GROUPS" doc:"what groups give: sre=admin, leads=manager, pay-devs=payments:member"`
	OIDCKnownUsersOnly bool          `env:"FORTNIGHT_OIDC_KNOWN_USERS_ONLY" doc:"let in nobody whose account was not tied to a user before"`
	OIDCJoinByEmail    bool          `env:"FORTNIGHT_OIDC_JOIN_BY_EMAIL" doc:"tie an unknown account to the user with its verified e-mail address"`
	OIDCUnverified     bool          `env:"FORTNIGHT_OIDC_ALLOW_UNVERIFIED_EMAIL" doc:"let in people whose e-mail address the provider has not verified; the address is left out"`
	OIDCAutomatic      bool          `env:"FORTNIGHT_OIDC_AUTOMATIC" doc:"send people to the provider without asking"`
}

// oidc is the provider as identity wants it.
func (s *SignInSettings) oidc() identity.OIDC {
	return identity.OIDC{
		Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: s.OIDCClientSecret.Reveal(), DisplayName: s.OIDCDisplayName,
		Scopes: strings.Fields(s.OIDCScopes), GroupsClaim: s.OIDCGroupsClaim, Groups: s.OIDCGroups,
		KnownUsersOnly: s.OIDCKnownUsersOnly, JoinByEmail: s.OIDCJoinByEmail, AllowUnverifiedEmail: s.OIDCUnverified, Automatic: s.OIDCAutomatic,
	}
}

// LimitSettings say how much one caller may ask for.
type LimitSettings struct {
	RateLimit      int    `env:"FORTNIGHT_RATE_LIMIT" default:"200" doc:"requests a second that one caller may send in the long run; 0 for no limit"`
	RateBurst      int    `env:"FORTNIGHT_RATE_BURST" default:"400" doc:"how many of them may come at once"`
	StreamLimit    int    `env:"FORTNIGHT_STREAM_LIMIT" default:"10" doc:"live streams that one caller may have open"`
	SignInFailures int    `env:"FORTNIGHT_SIGN_IN_FAILURES" default:"20" doc:"refused credentials of one address in 10 minutes before others from there must wait; 0 for no limit"`
	TrustedProxies string `env:"FORTNIGHT_TRUSTED_PROXIES" doc:"addresses or networks of the reverse proxies whose X-Forwarded-For is believed: 10.0.0.0/8,::1"`
}

// apply puts the limits into the gateway's configuration.
func (s *LimitSettings) apply(cfg *gateway.Config) error {
	proxies, err := s.trustedProxies()
	if err != nil {
		return err
	}
	cfg.TrustedProxies = proxies
	cfg.RatePerSecond, cfg.RateBurst = float64(s.RateLimit), s.RateBurst
	cfg.MaxStreamsPerCaller, cfg.SignInFailures = unlimited(s.StreamLimit), unlimited(s.SignInFailures)
	return nil
}

// unlimited writes "no limit" as the gateway does.
func unlimited(limit int) int64 {
	if limit <= 0 {
		return -1
	}
	return int64(limit)
}

// trustedProxies reads addresses and networks.
func (s *LimitSettings) trustedProxies() ([]netip.Prefix, error) {
	var proxies []netip.Prefix
	for text := range strings.SplitSeq(s.TrustedProxies, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if address, err := netip.ParseAddr(text); err == nil {
			proxies = append(proxies, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("FORTNIGHT_TRUSTED_PROXIES: %q is neither an address nor a network such as 10.0.0.0/8", text)
		}
		proxies = append(proxies, network.Masked())
	}
	return proxies, nil
}
