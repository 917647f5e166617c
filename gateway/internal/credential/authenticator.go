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
	// Expires is when it ends.
	Expires time.Time
}

// Authenticator asks identity who a bearer token belongs to, and remembers the answer for a short time.
type Authenticator struct {
	client identityv1.IdentityServiceClient
	clock  func() time.Time
	ttl    time.Duration
	asking singleflight.Group

	mu         sync.Mutex
	remembered map[[sha256.Size]byte]remembered
	generation uint64
}

type remembered struct {
	caller Caller
	until  time.Time
}

// NewAuthenticator makes an Authenticator that remembers a good answer for ttl at most, and a bad one never. A revoked token
// is therefore refused after ttl at the latest.
func NewAuthenticator(client identityv1.IdentityServiceClient, clock func() time.Time, ttl time.Duration) *Authenticator {
	return &Authenticator{client: client, clock: clock, ttl: ttl, remembered: map[[sha256.Size]byte]remembered{}}
}

// Authenticate returns the caller that the token belongs to. Errors are gRPC statuses, UNAUTHENTICATED for a bad token.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (Caller, error) {
	key := sha256.Sum256([]byte(token))
	a.mu.Lock()
	known, ok := a.remembered[key]
	generation := a.generation
	a.mu.Unlock()
	if ok && a.clock().Before(known.until) {
		return known.caller, nil
	}
	return a.ask(ctx, token, key, generation)
}

// Renew is Authenticate that always asks.
func (a *Authenticator) Renew(ctx context.Context, token string) (Caller, error) {
	a.mu.Lock()
	generation := a.generation
	a.mu.Unlock()
	return a.ask(ctx, token, sha256.Sum256([]byte(token)), generation)
}

// Forget drops every remembered answer: users, members or tokens have changed.
func (a *Authenticator) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++ // an answer that is under way is older than the change
	clear(a.remembered)
}

func (a *Authenticator) ask(ctx context.Context, token string, key [sha256.Size]byte, generation uint64) (Caller, error) {
	// The generation keeps a question that was asked before a change from answering one that was asked after it.
	x := exchange.From(ctx)
	flight := hex.EncodeToString(key[:]) + strconv.FormatUint(generation, 10)
	answers := a.asking.DoChan(flight, func() (any, error) {
		// Neither the end of this request nor its exchange: others may wait for the answer, too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		ctx = exchange.With(ctx, &exchange.Exchange{RequestID: x.RequestID, Traceparent: x.Traceparent})
		answer, err := a.client.Authenticate(ctx, &identityv1.AuthenticateRequest{
			Credential: &identityv1.AuthenticateRequest_Token{Token: token},
		})
		if err != nil {
			return Caller{}, asRefusal(err)
		}
		caller := Caller{Token: answer.GetCallerToken(), Expires: answer.GetExpireTime().AsTime()}
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
