package gateway_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/test/bufconn"

	"github.com/fortnighthq/fortnight/gateway"
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

func TestARestartingServiceIsTriedAgain(t *testing.T) {
	busy := fail(codes.Unavailable, "SERVER_STOPPING", "The server is stopping.")
	for _, test := range []struct {
		name, method, path, body, key string
		status, calls                 int
	}{
		{"a read", "GET", cyclePath, "", "", 200, 3},
		{"a write with a key", "POST", cyclePath + ":advance", "", "k", 200, 3},
		{"a write with a request id", "POST", cyclePath + ":advance", `{"requestId":"k"}`, "", 200, 3},
		{"a write that must not be repeated", "POST", cyclePath + ":advance", "", "", 503, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(c *gateway.Config) { c.RetryBudget = time.Minute })
			w.cycle.errs = []error{busy, busy}
			a := w.do(test.method, test.path, test.body, "Idempotency-Key", test.key)
			if a.StatusCode != test.status || w.count() != test.calls {
				t.Errorf("status %d after %d calls: %s", a.StatusCode, w.count(), a.body)
			}
		})
	}
}

func TestOtherErrorsAreNotTriedAgain(t *testing.T) {
	w := newWorld(t)
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		if code == codes.Unavailable {
			continue
		}
		before := w.count()
		w.cycle.err = fail(code, "X", "No.")
		w.do("GET", cyclePath, "")
		if got := w.count() - before; got != 1 {
			t.Errorf("%s: %d calls", code, got)
		}
	}
}

// A request that must not be sent twice waits for the connection instead: what was never sent had no effect.
func TestAWriteWithoutAKeyWaitsForTheConnection(t *testing.T) {
	var up atomic.Bool
	refused := make(chan struct{}, 1000)
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	cyclev1.RegisterCycleServiceServer(server, &fakeCycle{})
	identityv1.RegisterIdentityServiceServer(server, newFakeIdentity())
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn := dial(t, func(ctx context.Context) (net.Conn, error) {
		if !up.Load() {
			refused <- struct{}{}
			return nil, errors.New("connection refused")
		}
		return listener.DialContext(ctx)
	})
	w := newWorld(t, func(c *gateway.Config) {
		c.Conn = func(string) grpc.ClientConnInterface { return conn }
		c.RetryBudget = time.Minute
	})
	go func() {
		<-refused // the request has met a service that is down
		up.Store(true)
	}()
	w.do("POST", cyclePath+":advance", "", "Authorization", "").wantOK(t) // nobody to ask identity about, which would wait, too
}

func TestAServiceThatStaysAwayIs503(t *testing.T) {
	conn := dial(t, func(context.Context) (net.Conn, error) {
		return nil, errors.New("dial tcp 10.0.0.7:9000: connection refused")
	})
	w := newWorld(t, func(c *gateway.Config) {
		c.Conn = func(string) grpc.ClientConnInterface { return conn }
		c.RetryBudget = 50 * time.Millisecond
	})
	a := w.do("POST", cyclePath+":advance", "", "Authorization", "")
	a.wantProblem(t, http.StatusServiceUnavailable, "SERVICE_UNREACHABLE")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
