package caller

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// What every caller token says about itself.
const (
	issuer   = "fortnight/identity"
	audience = "fortnight"
	// Lifetime is how long a caller token is valid.
	Lifetime = 60 * time.Second
	// MaxToken is how many bytes a token may have. It travels in the metadata of every call, of which a server takes 64 KiB;
	// 1,000 open teams with ids of 20 characters make a token of about 32 kB.
	MaxToken = 48 << 10
	// remembered is how many verified tokens a Verifier keeps unless told otherwise, and rememberedBytes how long they may be
	// together.
	remembered      = 8192
	rememberedBytes = 32 << 20
)

// Reasons of refused caller tokens.
const (
	// ReasonInvalid means that the token was not signed by a known key for this installation, or was altered.
	ReasonInvalid = "CALLER_TOKEN_INVALID"
	// ReasonExpired means that the token was good once.
	ReasonExpired = "CALLER_TOKEN_EXPIRED"
	// ReasonKeysUnavailable means that the keys to verify with could not be had; the token may be good.
	ReasonKeysUnavailable = "CALLER_KEYS_UNAVAILABLE"
	// ReasonTooManyTeams means that no token was made: it would not fit into the metadata of a call.
	ReasonTooManyTeams = "CALLER_TOO_MANY_TEAMS"
)

// ErrUnknownKey is what a Verifier's Keys returns for a key id that nobody signs with.
var ErrUnknownKey = errors.New("unknown signing key")

type claims struct {
	jwt.RegisteredClaims
	Service   bool            `json:"svc,omitempty"`
	Admin     bool            `json:"admin,omitempty"`
	Manager   bool            `json:"manager,omitempty"`
	ReadOnly  bool            `json:"ro,omitempty"`
	Teams     map[string]Role `json:"teams,omitempty"`
	OpenTeams []string        `json:"open,omitempty"`
	Session   string          `json:"sid,omitempty"`
}

// KeyID returns the id under which a public key is published: the start of its SHA-256, hexadecimal.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// Minter signs caller tokens. Only the service that knows credentials holds one.
type Minter struct {
	// KeyID names the key for verifiers; usually KeyID of its public half.
	KeyID string
	// Key signs.
	Key ed25519.PrivateKey
	// Clock tells the time; time.Now when nil.
	Clock func() time.Time
}

// Mint returns a signed token for c and the instant it ends, Lifetime from now, to the second. c.Token is ignored. A token
// that no server would take is not made: the error is then a *fault.Error with ReasonTooManyTeams.
func (m *Minter) Mint(c Caller) (token string, expires time.Time, err error) {
	if err := checkSubject(c.Subject, c.Service); err != nil {
		return "", time.Time{}, err
	}
	now := clockOr(m.Clock)()
	expires = now.Add(Lifetime).UTC().Truncate(time.Second)
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: append(jwt.ClaimStrings{audience}, c.Audience...), Subject: c.Subject,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Service: c.Service, Admin: c.Admin, Manager: c.Manager, ReadOnly: c.ReadOnly, Teams: c.Teams, OpenTeams: c.OpenTeams,
		Session: c.Session,
	})
	t.Header["kid"] = m.KeyID
	token, err = t.SignedString(m.Key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("signing a caller token: %w", err)
	}
	if len(token) > MaxToken {
		return "", time.Time{}, fault.New(fault.FailedPrecondition, ReasonTooManyTeams, "You are in more teams than a call can carry. Leave some of them.")
	}
	return token, expires, nil
}

// Verifier turns caller tokens back into callers. Each token is verified once and then remembered until it expires. Use
// it by pointer; it is safe for concurrent use.
type Verifier struct {
	// Keys returns the public key with the given id, or ErrUnknownKey. See KeySet.
	Keys func(ctx context.Context, kid string) (ed25519.PublicKey, error)
	// Clock tells the time; time.Now when nil.
	Clock func() time.Time
	// Remember is how many verified tokens are kept at most; 8192 when 0.
	Remember int

	mu sync.Mutex
	// Two generations bound the cache without a list of ages: when the younger is full, the older is dropped.
	young, old map[string]verified
	youngBytes int
	// open is the last list of open teams. It is the same in nearly all tokens, so they share it.
	open []string
}

type verified struct {
	caller  Caller
	expires time.Time
}

// Verify returns the caller that token proves. The error is a *fault.Error: Unauthenticated with ReasonInvalid or
// ReasonExpired, or Unavailable with ReasonKeysUnavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (Caller, error) {
	now := clockOr(v.Clock)()
	if known, ok := v.recall(token); ok {
		if !now.Before(known.expires) {
			return Caller{}, refuse(ReasonExpired, jwt.ErrTokenExpired)
		}
		return known.caller, nil
	}
	if len(token) > MaxToken {
		return Caller{}, refuse(ReasonInvalid, errors.New("token is too long"))
	}
	var keyErr error
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), // never what the token asks for
		jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(), jwt.WithTimeFunc(func() time.Time { return now }),
	)
	var c claims
	_, err := parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		if kid == "" || len(kid) > 64 {
			return nil, ErrUnknownKey
		}
		key, err := v.Keys(ctx, kid)
		if err == nil && len(key) != ed25519.PublicKeySize {
			err = ErrUnknownKey
		}
		keyErr = err
		return key, err
	})
	switch {
	case keyErr != nil && !errors.Is(keyErr, ErrUnknownKey):
		return Caller{}, fault.New(fault.Unavailable, ReasonKeysUnavailable, "Who is calling cannot be checked right now. Try again.").Because(keyErr)
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidAudience) && !errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return Caller{}, refuse(ReasonExpired, err)
	case err != nil:
		return Caller{}, refuse(ReasonInvalid, err)
	}
	if err := checkSubject(c.Subject, c.Service); err != nil {
		return Caller{}, refuse(ReasonInvalid, err)
	}
	known := verified{
		caller: Caller{
			Subject: c.Subject, Service: c.Service, Admin: c.Admin, Manager: c.Manager, ReadOnly: c.ReadOnly, Teams: c.Teams,
			OpenTeams: c.OpenTeams, Audience: services(c.Audience), Session: c.Session, Token: token,
		},
		expires: c.ExpiresAt.Time,
	}
	v.remember(token, known)
	return known.caller, nil
}

func (v *Verifier) recall(token string) (verified, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if known, ok := v.young[token]; ok {
		return known, true
	}
	known, ok := v.old[token]
	return known, ok
}

func (v *Verifier) remember(token string, known verified) {
	v.mu.Lock()
	defer v.mu.Unlock()
	most := v.Remember
	if most == 0 {
		most = remembered
	}
	if v.young == nil || len(v.young) >= max(1, most/2) || v.youngBytes+len(token) > rememberedBytes/2 {
		v.old, v.young, v.youngBytes = v.young, map[string]verified{}, 0
	}
	if slices.Equal(v.open, known.caller.OpenTeams) {
		known.caller.OpenTeams = v.open
	} else {
		v.open = known.caller.OpenTeams
	}
	v.young[token] = known
	v.youngBytes += len(token)
}

// services are the services among the audiences of a token: all but the installation itself.
func services(audiences jwt.ClaimStrings) []string {
	var named []string
	for _, a := range audiences {
		if a != audience {
			named = append(named, a)
		}
	}
	return named
}

// checkSubject refuses a token whose subject is of the other kind than it claims: a user or a bot never counts as a service.
func checkSubject(subject string, service bool) error {
	if parts := strings.Split(subject, "/"); !service && len(parts) == 4 && parts[0] == "teams" && parts[1] != "" && parts[2] == "tokens" && parts[3] != "" {
		return nil
	}
	prefix := "users/"
	if service {
		prefix = "services/"
	}
	if id, ok := strings.CutPrefix(subject, prefix); !ok || id == "" || strings.Contains(id, "/") {
		return fmt.Errorf("subject %q does not begin with %s", subject, prefix)
	}
	return nil
}

func refuse(reason string, cause error) error {
	message := "The caller token is not valid."
	if reason == ReasonExpired {
		message = "The caller token has expired."
	}
	return fault.New(fault.Unauthenticated, reason, "%s", message).Because(cause)
}

func clockOr(clock func() time.Time) func() time.Time {
	if clock == nil {
		return time.Now
	}
	return clock
}
