package credential

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// fakeIdentity answers with what a test has put there.
type fakeIdentity struct {
	identityv1.IdentityServiceClient
	mu     sync.Mutex
	asked  int
	err    error
	expire time.Time
	hold   chan struct{} // when set, an answer waits until it is closed
	held   chan struct{} // gets one for each question that waits
}

func (f *fakeIdentity) Authenticate(context.Context, *identityv1.AuthenticateRequest, ...grpc.CallOption) (*identityv1.AuthenticateResponse, error) {
	f.mu.Lock()
	f.asked++
	n, hold, err, expire := f.asked, f.hold, f.err, f.expire
	f.mu.Unlock()
	if hold != nil {
		f.held <- struct{}{}
		<-hold
	}
	if err != nil {
		return nil, err
	}
	return &identityv1.AuthenticateResponse{CallerToken: fmt.Sprintf("caller-%d", n), ExpireTime: timestamppb.New(expire)}, nil
}

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var start = time.Date(2026, 6, 8, 8, 0, 0, 0, time.UTC)

func setUp(lifetime time.Duration) (*Authenticator, *fakeIdentity, *clock) {
	identity, now := &fakeIdentity{expire: start.Add(lifetime), held: make(chan struct{}, 100)}, &clock{now: start}
	return NewAuthenticator(identity, now.Now, 20*time.Second), identity, now
}

func ask(t *testing.T, a *Authenticator, token string) string {
	t.Helper()
	caller, err := a.Authenticate(t.Context(), Credential{Token, token})
	if err != nil {
		t.Fatal(err)
	}
	return caller.Token
}

func TestHowLongAnAnswerIsRemembered(t *testing.T) {
	for _, test := range []struct {
		name     string
		lifetime time.Duration
		later    time.Duration
		asked    int
	}{
		{"a while", time.Minute, 19 * time.Second, 1},
		{"not longer", time.Minute, 20 * time.Second, 2},
		{"not to the end of the caller token", 15 * time.Second, 10 * time.Second, 2},
		{"until shortly before its end", 15 * time.Second, 9 * time.Second, 1},
		{"not at all when it ends soon", 5 * time.Second, 0, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, identity, now := setUp(test.lifetime)
			ask(t, a, "x")
			now.advance(test.later)
			ask(t, a, "x")
			if identity.asked != test.asked {
				t.Errorf("asked %d times, want %d", identity.asked, test.asked)
			}
		})
	}
}

func TestTokensAreKeptApart(t *testing.T) {
	a, _, _ := setUp(time.Minute)
	if one, other := ask(t, a, "x"), ask(t, a, "y"); one == other {
		t.Errorf("two tokens are the same caller %s", one)
	}
}

func TestRefusalsAreNotRemembered(t *testing.T) {
	a, identity, _ := setUp(time.Minute)
	for _, code := range []codes.Code{codes.Unauthenticated, codes.Unavailable, codes.InvalidArgument} {
		identity.err = status.Error(code, "no")
		want := code
		if code == codes.InvalidArgument { // a token that is not even well-formed
			want = codes.Unauthenticated
		}
		for range 2 {
			if _, err := a.Authenticate(t.Context(), Credential{Token, "x"}); status.Code(err) != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
	if identity.asked != 6 {
		t.Errorf("asked %d times", identity.asked)
	}
	identity.err = nil
	ask(t, a, "x")
}

func TestManyAtOnceAskOnce(t *testing.T) {
	a, identity, _ := setUp(time.Minute)
	identity.hold = make(chan struct{})
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { ask(t, a, "x") })
	}
	<-identity.held
	close(identity.hold)
	group.Wait()
	if len(identity.held) != identity.asked-1 || identity.asked > 2 { // a late one may come after the answer, never beside it
		t.Errorf("asked %d times", identity.asked)
	}
}

func TestWhoGivesUpDoesNotSpoilItForOthers(t *testing.T) {
	a, identity, _ := setUp(time.Minute)
	identity.hold = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := a.Authenticate(ctx, Credential{Token, "x"})
		first <- err
	}()
	<-identity.held
	cancel()
	if err := <-first; status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
	second := make(chan string, 1)
	go func() { second <- ask(t, a, "x") }()
	close(identity.hold)
	if got := <-second; got != "caller-1" {
		t.Errorf("got %s: the question was asked again", got)
	}
}

func TestForget(t *testing.T) {
	a, identity, _ := setUp(time.Minute)
	ask(t, a, "x")
	a.Forget()
	if got := ask(t, a, "x"); got != "caller-2" {
		t.Errorf("got %s", got)
	}
	// An answer that is under way while something changes is older than the change: it is not kept, nor given to who asks later.
	a.Forget()
	identity.mu.Lock()
	hold := make(chan struct{})
	identity.hold = hold
	identity.mu.Unlock()
	old := make(chan string, 1)
	go func() { old <- ask(t, a, "x") }()
	<-identity.held
	a.Forget()
	identity.mu.Lock()
	identity.hold = nil
	identity.mu.Unlock()
	if got := ask(t, a, "x"); got != "caller-4" {
		t.Errorf("got %s", got)
	}
	close(hold)
	<-old
	if got := ask(t, a, "x"); got != "caller-4" {
		t.Errorf("the older answer was kept: %s", got)
	}
}

func TestRenewAlwaysAsks(t *testing.T) {
	a, _, _ := setUp(time.Minute)
	ask(t, a, "x")
	caller, err := a.Renew(t.Context(), Credential{Token, "x"})
	if err != nil || caller.Token != "caller-2" {
		t.Errorf("got %v, %v", caller, err)
	}
	if got := ask(t, a, "x"); got != "caller-2" {
		t.Errorf("the newer answer was not kept: %s", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	a, identity, now := setUp(time.Minute)
	for i := range maxEntries + 500 {
		ask(t, a, fmt.Sprint(i))
	}
	if n := len(a.remembered); n > maxEntries {
		t.Errorf("%d answers are remembered", n)
	}
	identity.expire = start.Add(10 * time.Minute)
	now.advance(time.Minute)
	for i := range maxEntries {
		ask(t, a, fmt.Sprint("later", i))
	}
	if n := len(a.remembered); n > maxEntries {
		t.Errorf("%d answers are remembered", n)
	}
}
