package caller

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	// maxToken bounds the work that a forged token can cause; a token with a thousand teams has about 30 kB.
	maxToken = 64 << 10
	// remembered is how many verified tokens a Verifier keeps unless told otherwise.
	remembered = 8192
)

// Reasons of refused caller tokens.
const (
	// ReasonInvalid means that the token was not signed by a known key for this installation, or was altered.
	ReasonInvalid = "CALLER_TOKEN_INVALID"
	// ReasonExpired means that the token was good once.
	ReasonExpired = "CALLER_TOKEN_EXPIRED"
	// ReasonKeysUnavailable means that the keys to verify with could not be had; the token may be good.
	ReasonKeysUnavailable = "CALLER_KEYS_UNAVAILABLE"
)

// ErrUnknownKey is what a Verifier's Keys returns for a key id that nobody signs with.
var ErrUnknownKey = errors.New("unknown signing key")

type claims struct {
	jwt.RegisteredClaims
	Service bool            `json:"svc,omitempty"`
	Admin   bool            `json:"admin,omitempty"`
	Manager bool            `json:"manager,omitempty"`
	Teams   map[string]Role `json:"teams,omitempty"`
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

// Mint returns a signed token for c and the instant it ends, Lifetime from now, to the second. c.Token is ignored.
func (m *Minter) Mint(c Caller) (token string, expires time.Time, err error) {
	if err := checkSubject(c.Subject, c.Service); err != nil {
		return "", time.Time{}, err
	}
	now := clockOr(m.Clock)()
	expires = now.Add(Lifetime).UTC().Truncate(time.Second)
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: c.Subject,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Service: c.Service, Admin: c.Admin, Manager: c.Manager, Teams: c.Teams,
	})
	t.Header["kid"] = m.KeyID
	token, err = t.SignedString(m.Key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("signing a caller token: %w", err)
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
	if len(token) > maxToken {
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
		caller:  Caller{Subject: c.Subject, Service: c.Service, Admin: c.Admin, Manager: c.Manager, Teams: c.Teams, Token: token},
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
	if v.young == nil || len(v.young) >= max(1, most/2) {
		v.old, v.young = v.young, map[string]verified{}
	}
	v.young[token] = known
}

// checkSubject refuses a token whose subject is of the other kind than it claims: a user never counts as a service.
func checkSubject(subject string, service bool) error {
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
