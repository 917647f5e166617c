package identity_test

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"maps"
	"net"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const serviceKey = "a-key-for-this-test-only"

// peer is a process of its own with the identity service, on a port.
type peer struct {
	identityv1.IdentityServiceClient
	service *identity.Service
}

// startPeer starts a process on a database that it may share. Its server trusts what the process at keysOf publishes, itself
// when that is nil, just as a process of another service would.
func startPeer(t *testing.T, clock *testkit.Clock, url string, keysOf *peer) *peer {
	t.Helper()
	opened, err := identity.New(t.Context(), service.Kit{
		Logger: slog.New(slog.DiscardHandler), Clock: clock.Now, DatabaseURL: func(string) string { return url },
		Conn: func(string) grpc.ClientConnInterface { return nil }, ServiceContext: func(ctx context.Context) context.Context { return ctx },
	}, identity.Config{ServiceKey: serviceKey})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{service: opened}
	if keysOf == nil {
		keysOf = p
	}
	set := &caller.KeySet{Clock: clock.Now, Fetch: func(ctx context.Context) (map[string]ed25519.PublicKey, error) {
		answer, err := keysOf.ListSigningKeys(ctx, &identityv1.ListSigningKeysRequest{})
		keys := map[string]ed25519.PublicKey{}
		for _, key := range answer.GetSigningKeys() {
			keys[key.GetKeyId()] = key.GetPublicKey()
		}
		return keys, err
	}}
	server := rpcserver.New(rpcserver.Config{Logger: slog.New(slog.DiscardHandler), Verifier: &caller.Verifier{Keys: set.Key, Clock: clock.Now}, Clock: clock.Now})
	opened.Register(server)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := rpcserver.Dial(listener.Addr().String(), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	p.IdentityServiceClient = identityv1.NewIdentityServiceClient(conn)
	t.Cleanup(func() {
		_ = conn.Close()
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// token asks a process for a caller token, as the service cycle.
func (p *peer) token(t *testing.T) string {
	t.Helper()
	answer, err := p.Authenticate(t.Context(), &identityv1.AuthenticateRequest{
		Credential: &identityv1.AuthenticateRequest_Service{Service: &identityv1.ServiceCredential{Service: "cycle", Key: serviceKey}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetCallerToken()
}

// accepts shows a token to a process.
func (p *peer) accepts(t *testing.T, token string) error {
	t.Helper()
	_, err := p.GetCaller(metadata.AppendToOutgoingContext(t.Context(), caller.MetadataKey, token), &identityv1.GetCallerRequest{})
	return err
}

// Two identity processes share a Postgres database, and keys take turns under way: tokens of every key are good everywhere
// until they end, and nobody restarts anything.
func TestKeysRotateInAnInstallationWithTwoIdentityProcesses(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			url := dbtest.Config(t, engine).URL
			clock := testkit.NewClock()
			first := startPeer(t, clock, url, nil)
			peers := map[string]*peer{"first": first}
			if engine == db.Postgres { // SQLite belongs to one process
				peers["second"] = startPeer(t, clock, url, nil)
				peers["trusts the first"] = startPeer(t, clock, url, first)
			}
			listed := func() map[string]bool {
				t.Helper()
				answer, err := first.ListSigningKeys(t.Context(), &identityv1.ListSigningKeysRequest{})
				if err != nil {
					t.Fatal(err)
				}
				ids := map[string]bool{}
				for _, key := range answer.GetSigningKeys() {
					ids[key.GetKeyId()] = true
				}
				return ids
			}
			others := listed() // of an earlier run on the same server
			published := func() int {
				t.Helper()
				return len(slices.DeleteFunc(slices.Collect(maps.Keys(listed())), func(id string) bool { return others[id] }))
			}
			everywhere := func(when string) (tokens []string) {
				t.Helper()
				clock.Advance(2 * time.Second) // unknown keys are asked for once a second at most
				for _, p := range peers {
					tokens = append(tokens, p.token(t))
				}
				for name, p := range peers {
					for _, token := range tokens {
						if err := p.accepts(t, token); err != nil {
							t.Errorf("%s: %s: %v", when, name, err)
						}
					}
				}
				return tokens
			}
			before := everywhere("at the start")
			clock.Advance(24*time.Hour - 10*time.Second)
			last := everywhere("at the end of the day")
			clock.Advance(10 * time.Second)
			after := everywhere("the next day")
			for name, p := range peers {
				for _, token := range last {
					if err := p.accepts(t, token); err != nil {
						t.Errorf("%s refuses the last tokens of the old keys: %v", name, err)
					}
				}
				for _, token := range before {
					wantReason(t, p.accepts(t, token), caller.ReasonExpired)
				}
			}
			if got := published(); got != 2*len(peers) {
				t.Errorf("%d keys are published, want an old and a new one of each process", got)
			}
			clock.Advance(3 * time.Hour)
			for _, p := range peers {
				for _, token := range after {
					wantReason(t, p.accepts(t, token), caller.ReasonExpired)
				}
			}
			_ = everywhere("hours later")
			if got := published(); got != len(peers) {
				t.Errorf("%d keys are published, want those that sign", got)
			}
		})
	}
}

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	if f := rpcserver.FromStatus(err); f == nil || f.Reason != reason {
		t.Errorf("got %v, want %s", err, reason)
	}
}
