// Package keyring signs caller tokens. The private key is made in memory and never leaves it; only its public half is
// stored, so that neither the database nor a backup of it can sign anything.
package keyring

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// How long a key lives.
const (
	// signs is how long a key signs before a new one takes over.
	signs = 24 * time.Hour
	// listed is how long a key is published. It is longer, so that every token outlives its verification, and so that a
	// key whose successor cannot be stored may go on for a while.
	listed = signs + 2*time.Hour
)

// Keyring holds the key that signs now. It is safe for concurrent use.
type Keyring struct {
	// Logger is told when there are more open teams than a token can carry; slog.Default when nil. Set it before use.
	Logger *slog.Logger

	log *eventlog.Log
	// full is true while tokens leave out the open teams.
	full atomic.Bool

	mu     sync.Mutex
	minter *caller.Minter
	made   time.Time
}

// New makes a keyring that publishes its keys in the database of log.
func New(log *eventlog.Log) *Keyring { return &Keyring{log: log} }

// Mint signs a caller token for c and tells when it ends. When a token cannot carry all open teams, it carries none of
// them, and whoever is not in a team is not told about it: closed, until there are fewer, rather than every call refused.
func (k *Keyring) Mint(ctx context.Context, c caller.Caller) (token string, expires time.Time, err error) {
	minter, err := k.current(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	token, expires, err = minter.Mint(c)
	full := err != nil && fault.From(err).Reason == caller.ReasonTooManyTeams && len(c.OpenTeams) > 0
	if k.full.Swap(full) != full && full { // once, not for every token
		k.logger().Error("more teams are visible to the organisation than a caller token can carry; until there are fewer, they are visible to their own people, managers and admins only", "teams", len(c.OpenTeams))
	}
	if !full {
		return token, expires, err
	}
	c.OpenTeams = nil
	return minter.Mint(c)
}

func (k *Keyring) logger() *slog.Logger {
	if k.Logger == nil {
		return slog.Default()
	}
	return k.Logger
}

// Public returns the public key with the given id, or caller.ErrUnknownKey. It is the Keys of a caller.Verifier in this
// process.
func (k *Keyring) Public(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	if own := k.own(kid); own != nil {
		return own, nil
	}
	keys, err := k.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.ID == kid {
			return key.Key, nil
		}
	}
	return nil, caller.ErrUnknownKey
}

// List returns all published keys, newest first: those of other processes as well.
func (k *Keyring) List(ctx context.Context) ([]store.SigningKey, error) {
	return store.SigningKeys(ctx, k.log.DB().Read(), k.log.Now())
}

func (k *Keyring) own(kid string) ed25519.PublicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.minter == nil || k.minter.KeyID != kid || k.log.Now().Sub(k.made) >= listed {
		return nil
	}
	return k.minter.Key.Public().(ed25519.PublicKey)
}

// current returns the key that signs now, and makes a new one when it is time.
func (k *Keyring) current(ctx context.Context) (*caller.Minter, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.log.Now().Sub(k.made)
	if k.minter != nil && age < signs {
		return k.minter, nil
	}
	next, made, err := k.publish(ctx)
	switch {
	case err == nil:
		k.minter, k.made = next, made
	case k.minter == nil || age >= listed-caller.Lifetime:
		return nil, err
	}
	return k.minter, nil
}

// publish makes a key and stores its public half before anything is signed with it.
func (k *Keyring) publish(ctx context.Context) (*caller.Minter, time.Time, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, time.Time{}, fault.From(err)
	}
	id := caller.KeyID(public)
	var made time.Time
	err = k.log.Do(ctx, func(tx *eventlog.Tx) error {
		made = tx.Now()
		return store.AddSigningKey(tx, store.SigningKey{ID: id, Key: public}, made.Add(listed))
	})
	return &caller.Minter{KeyID: id, Key: private, Clock: k.log.Now}, made, err
}
