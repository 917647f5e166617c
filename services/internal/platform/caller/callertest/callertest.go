// Package callertest gives tests callers with genuine tokens.
package callertest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// Authority signs caller tokens with a key of its own and verifies them.
type Authority struct {
	// Minter signs; Verifier accepts what it signs and nothing else.
	Minter   *caller.Minter
	Verifier *caller.Verifier
}

// New makes an authority. clock may be nil for the real time.
func New(clock func() time.Time) *Authority {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	id := caller.KeyID(public)
	return &Authority{
		Minter: &caller.Minter{KeyID: id, Key: private, Clock: clock},
		Verifier: &caller.Verifier{Clock: clock, Keys: func(_ context.Context, kid string) (ed25519.PublicKey, error) {
			if kid != id {
				return nil, caller.ErrUnknownKey
			}
			return public, nil
		}},
	}
}

// Context returns a context that carries c with a fresh token, and whose outgoing gRPC calls are made on behalf of c. It
// panics when c has no valid subject.
func (a *Authority) Context(ctx context.Context, c caller.Caller) context.Context {
	token, _, err := a.Minter.Mint(c)
	if err != nil {
		panic(err)
	}
	c.Token = token
	return caller.Outgoing(caller.With(ctx, c))
}

// User returns a user with the given id and, when team is not empty, a role in that team.
func User(id, team string, role caller.Role) caller.Caller {
	c := caller.Caller{Subject: "users/" + id}
	if team != "" {
		c.Teams = map[string]caller.Role{team: role}
	}
	return c
}

// Admin returns an admin of the organisation.
func Admin(id string) caller.Caller { return caller.Caller{Subject: "users/" + id, Admin: true} }

// Manager returns a manager of the organisation.
func Manager(id string) caller.Caller { return caller.Caller{Subject: "users/" + id, Manager: true} }

// Service returns a service that asks for itself.
func Service(name string) caller.Caller {
	return caller.Caller{Subject: "services/" + name, Service: true}
}
