package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
)

// errRefused ends a stream whose credential is no longer good.
var errRefused = errors.New("the credential was refused")

// session is the caller behind one stream. Caller tokens say what somebody may see, so they are renewed all the time, and
// the sources are opened anew with each new one: who leaves a team stops seeing its events.
type session struct {
	authenticator *credential.Authenticator
	credential    credential.Credential
	clock         func() time.Time

	mu      sync.Mutex
	caller  credential.Caller
	renewed chan struct{} // closed when the caller token is replaced
}

func newSession(a *credential.Authenticator, who credential.Admitted, clock func() time.Time) *session {
	return &session{authenticator: a, credential: who.Credential, clock: clock, caller: who.Caller, renewed: make(chan struct{})}
}

// current returns the caller token, and a channel that is closed when there is a newer one.
func (s *session) current() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caller.Token, s.renewed
}

// watch renews the caller token at every tick, until the context ends or the credential is refused.
func (s *session) watch(ctx context.Context, ticks <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks:
			if err := s.renew(ctx); err != nil {
				return err
			}
		}
	}
}

func (s *session) renew(ctx context.Context) error {
	caller, err := s.authenticator.Renew(ctx, s.credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch code := status.Code(err); {
	case err == nil:
		s.caller = caller
		close(s.renewed)
		s.renewed = make(chan struct{})
		return nil
	case code == codes.Unauthenticated || code == codes.PermissionDenied:
		return errRefused
	case s.clock().After(s.caller.Expires):
		return errRefused // identity cannot be asked, and what it said last has ended
	default:
		return nil
	}
}
