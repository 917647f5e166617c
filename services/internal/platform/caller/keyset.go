package caller

import (
	"context"
	"crypto/ed25519"
	"errors"
	"sync"
	"time"
)

// How long a KeySet trusts what it fetched.
const (
	// keysFresh is how long a known key is used without asking again.
	keysFresh = 5 * time.Minute
	// keysRetry is the least time between two fetches, so that tokens with invented key ids cause no flood. It is well below
	// what the gateway waits for a service, which then bridges it.
	keysRetry = time.Second
	// keysTimeout bounds one fetch.
	keysTimeout = 3 * time.Second
)

// errNotAskedYet is the answer for a key id that came up since the last fetch, when it is too early for the next one. Nobody
// knows whether there is such a key: identity makes a new one at each start.
var errNotAskedYet = errors.New("the signing key is not known yet")

// KeySet remembers the public keys that tokens are signed with, and fetches them when an unknown key id turns up, at
// most once a second. Its method Key is a Verifier's Keys. It is safe for concurrent use.
type KeySet struct {
	// Fetch returns all current keys by id.
	Fetch func(ctx context.Context) (map[string]ed25519.PublicKey, error)
	// Clock tells the time; time.Now when nil.
	Clock func() time.Time

	mu      sync.Mutex
	keys    map[string]ed25519.PublicKey
	fetched time.Time // last success
	tried   time.Time // last attempt
	err     error     // of the last attempt
}

// Key returns the key with the given id, ErrUnknownKey when the keys fetched by this very call do not have it, or an error
// that passes: that of the fetch, or that it is too early for one. While the keys cannot be fetched, a key that is known
// stays good.
func (s *KeySet) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clockOr(s.Clock)()
	key, known := s.keys[kid]
	if known && now.Sub(s.fetched) < keysFresh {
		return key, nil
	}
	fetch := s.tried.IsZero() || now.Sub(s.tried) >= keysRetry
	if fetch {
		s.fetch(ctx, now)
		key, known = s.keys[kid]
	}
	switch {
	case known:
		return key, nil
	case s.err != nil:
		return nil, s.err
	case !fetch:
		return nil, errNotAskedYet
	default:
		return nil, ErrUnknownKey
	}
}

func (s *KeySet) fetch(ctx context.Context, now time.Time) {
	// The answer serves every waiting request, so the one that asks must not be able to cancel it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	keys, err := s.Fetch(ctx)
	s.tried, s.err = now, err
	if err == nil {
		s.keys, s.fetched = keys, now
	}
}
