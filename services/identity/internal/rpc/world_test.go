package rpc_test

import (
	"context"
	"crypto/ed25519"
	"testing"

	"google.golang.org/grpc/metadata"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/rpc"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const serviceKey = "the key that all services share"

// The callers of most tests. They need not be stored: their tokens say who they are.
var (
	nobody = caller.Caller{}
	root   = callertest.Admin("root")
	boss   = callertest.Manager("boss")
	coach  = callertest.User("mina", "payments", caller.Coach)
	member = callertest.User("noor", "payments", caller.Member)
	viewer = callertest.User("vera", "payments", caller.Viewer)
	other  = callertest.User("omar", "search", caller.Coach)
)

// world is the service's methods behind a server that trusts the tokens of the test and those of the service itself.
type world struct {
	*testing.T
	*testkit.Kit
	identityv1.IdentityServiceClient
	log *eventlog.Log
}

// each runs fn on both engines, in a world with the users of the callers above and the teams payments and search.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	onEngines(t, func(t *testing.T, engine db.Engine) {
		fn(t, openWorld(t, engine, nil, "mina", "noor", "omar", "vera"))
	})
}

// onEngines runs fn on both engines.
func onEngines(t *testing.T, fn func(t *testing.T, engine db.Engine)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, engine) })
	}
}

// openWorld makes a world with users, by their ids, and the teams payments and search. prepare changes the server before it is
// used; nil leaves it as it is.
func openWorld(t *testing.T, engine db.Engine, prepare func(*testkit.Kit, *rpc.Server), users ...string) *world {
	t.Helper()
	k := testkit.New(t)
	log := k.Log(engine, "identity", migrations.FS)
	keys := keyring.New(log)
	k.UseVerifier(&caller.Verifier{Clock: k.Clock.Now, Keys: func(ctx context.Context, kid string) (ed25519.PublicKey, error) {
		if key, err := keys.Public(ctx, kid); err == nil {
			return key, nil
		}
		return k.Authority.Verifier.Keys(ctx, kid)
	}})
	server := rpc.New(log, keys, serviceKey)
	if prepare != nil {
		prepare(k, server)
	}
	k.Register(server.Register)
	k.Start()
	w := &world{T: t, Kit: k, IdentityServiceClient: identityv1.NewIdentityServiceClient(k.Conn()), log: log}
	for _, id := range users {
		must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{
			UserId: id, User: &identityv1.User{DisplayName: id, Email: id + "@example.com"},
		}))(t)
	}
	for _, id := range []string{"payments", "search"} {
		must(w.CreateTeam(w.As(root), &identityv1.CreateTeamRequest{TeamId: id, Team: &identityv1.Team{DisplayName: id}}))(t)
	}
	return w
}

// must returns an answer that has to be there.
func must[A any](answer A, err error) func(testing.TB) A {
	return func(t testing.TB) A {
		t.Helper()
		if err != nil {
			t.Fatalf("was refused: %v", err)
		}
		return answer
	}
}

// token makes a token for a user and returns it with its secret.
func (w *world) token(user, id string) *identityv1.Token {
	w.Helper()
	return must(w.CreateToken(w.As(root), &identityv1.CreateTokenRequest{
		Parent: user, TokenId: id, Token: &identityv1.Token{DisplayName: "for a test"},
	}))(w.T)
}

// signIn exchanges a secret for a caller token, as the gateway does, and returns a context that calls with it.
func (w *world) signIn(secret string) (context.Context, error) {
	answer, err := w.Authenticate(w.As(nobody), &identityv1.AuthenticateRequest{
		Credential: &identityv1.AuthenticateRequest_Token{Token: secret},
	})
	return metadata.AppendToOutgoingContext(w.Context(), caller.MetadataKey, answer.GetCallerToken()), err
}

// events are the types, without the package, and subjects of all events after the world was made.
func (w *world) events() (events []string) {
	const before = 6
	for _, e := range testkit.Events(w.T, w.log)[before:] {
		events = append(events, e.Type[len("fortnight.identity.v1."):]+" "+e.Subject)
	}
	return events
}
