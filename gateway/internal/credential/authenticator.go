package credential

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

const (
	// maxEntries bounds the memory that remembered callers take, about 1 KB each.
	maxEntries = 10_000
	// expiryMargin keeps a caller token from ending on its way to a service.
	expiryMargin = 5 * time.Second
	// askTimeout bounds one question to identity. It is not the client's own deadline, because others wait for the answer too.
	askTimeout = 10 * time.Second
)

// Caller is the answer of identity to a credential.
type Caller struct {
	// Token is the signed caller token.
	Token string
	// Key tells callers apart: the caller's name where identity tells it, else something made of the credential.
	Key string
	// Expires is when the token ends.
	Expires time.Time
}

// asking is a way to ask who somebody is.
type asking func(ctx context.Context, shown Credential) (Caller, error)

// Authenticator asks identity who a credential belongs to, and remembers the answer for a short time.
type Authenticator struct {
	client identityv1.IdentityServiceClient
	clock  func() time.Time
	ttl    time.Duration
	asking singleflight.Group

	mu         sync.Mutex
	remembered map[[sha256.Size]byte]remembered
	good       map[[sha256.Size]byte]struct{} // what identity has accepted and not refused since
	generation uint64
}

type remembered struct {
	caller Caller
	until  time.Time
}

// NewAuthenticator makes an Authenticator that remembers a good answer for ttl at most, and a bad one never. A revoked token
// is therefore refused after ttl at the latest.
func NewAuthenticator(client identityv1.IdentityServiceClient, clock func() time.Time, ttl time.Duration) *Authenticator {
	return &Authenticator{
		client: client, clock: clock, ttl: ttl,
		remembered: map[[sha256.Size]byte]remembered{}, good: map[[sha256.Size]byte]struct{}{},
	}
}

// Authenticate returns the caller that the credential belongs to. Errors are gRPC statuses, UNAUTHENTICATED for a bad one.
func (a *Authenticator) Authenticate(ctx context.Context, shown Credential) (Caller, error) {
	key := shown.key()
	caller, ok, generation := a.recall(key)
	if ok {
		return caller, nil
	}
	return a.ask(ctx, shown, key, generation)
}

// Known returns the caller whose credential is remembered.
func (a *Authenticator) Known(shown Credential) (Caller, bool) {
	caller, ok, _ := a.recall(shown.key())
	return caller, ok
}

func (a *Authenticator) recall(key [sha256.Size]byte) (caller Caller, ok bool, generation uint64) {
	a.mu.Lock()
	known, ok := a.remembered[key]
	generation = a.generation
	a.mu.Unlock()
	return known.caller, ok && a.clock().Before(known.until), generation
}

// Renew is Authenticate that always asks.
func (a *Authenticator) Renew(ctx context.Context, shown Credential) (Caller, error) {
	a.mu.Lock()
	generation := a.generation
	a.mu.Unlock()
	return a.ask(ctx, shown, shown.key(), generation)
}

// WasGood tells whether identity has accepted the credential the last time that it was asked.
func (a *Authenticator) WasGood(shown Credential) bool {
	key := shown.key()
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.good[key]
	return ok
}

// Forget drops every remembered answer: users, members or tokens have changed.
func (a *Authenticator) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++ // an answer that is under way is older than the change
	clear(a.remembered)
}

func (a *Authenticator) ask(ctx context.Context, shown Credential, key [sha256.Size]byte, generation uint64) (Caller, error) {
	// The generation keeps a question that was asked before a change from answering one that was asked after it.
	x := exchange.From(ctx)
	flight := hex.EncodeToString(key[:]) + strconv.FormatUint(generation, 10)
	answers := a.asking.DoChan(flight, func() (any, error) {
		// Neither the end of this request nor its exchange: others may wait for the answer, too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		ctx = exchange.With(ctx, &exchange.Exchange{
			RequestID: x.RequestID, Traceparent: x.Traceparent, Door: x.Door, Address: x.Address, UserAgent: x.UserAgent,
		})
		answer, err := a.client.Authenticate(ctx, shown.question())
		if err = asRefusal(err); err != nil {
			a.judge(key, err)
			return Caller{}, err
		}
		caller := Caller{Token: answer.GetCallerToken(), Key: answer.GetSubject(), Expires: answer.GetExpireTime().AsTime()}
		if caller.Key == "" {
			caller.Key = "credential " + hex.EncodeToString(key[:])
		}
		a.judge(key, nil)
		a.remember(key, generation, caller)
		return caller, nil
	})
	select {
	case <-ctx.Done():
		return Caller{}, status.FromContextError(ctx.Err()).Err()
	case answer := <-answers:
		caller, _ := answer.Val.(Caller)
		return caller, answer.Err
	}
}

// question is how identity is asked about a credential.
func (c Credential) question() *identityv1.AuthenticateRequest {
	if c.Kind == Session {
		return &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Session{Session: c.Secret}}
	}
	return &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: c.Secret}}
}

// judge notes whether a credential was good. It outlasts Forget: somebody's new role is no reason to doubt who they are.
func (a *Authenticator) judge(key [sha256.Size]byte, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case status.Code(err) == codes.Unauthenticated:
		delete(a.good, key)
	case err == nil:
		a.good[key] = struct{}{}
		for other := range a.good {
			if len(a.good) <= maxEntries {
				break
			}
			delete(a.good, other)
		}
	}
}

// asRefusal keeps identity's own words where the credential is bad. A token that is not even well-formed is bad, too.
func asRefusal(err error) error {
	if status.Code(err) == codes.InvalidArgument {
		return status.Error(codes.Unauthenticated, "malformed credential")
	}
	return err
}

func (a *Authenticator) remember(key [sha256.Size]byte, generation uint64, caller Caller) {
	now := a.clock()
	until := now.Add(a.ttl)
	if end := caller.Expires.Add(-expiryMargin); end.Before(until) {
		until = end
	}
	if !now.Before(until) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if generation != a.generation {
		return
	}
	if len(a.remembered) >= maxEntries {
		a.makeRoom(now)
	}
	a.remembered[key] = remembered{caller: caller, until: until}
}

// makeRoom drops what has ended, and, if that is nothing, a tenth of the rest.
func (a *Authenticator) makeRoom(now time.Time) {
	for key, entry := range a.remembered {
		if !now.Before(entry.until) {
			delete(a.remembered, key)
		}
	}
	for key := range a.remembered {
		if len(a.remembered) < maxEntries*9/10 {
			return
		}
		delete(a.remembered, key)
	}
}
