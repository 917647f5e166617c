package eventlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"

	"google.golang.org/protobuf/proto"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Somebody who has the database, and guesses the request id, tries every member and what they may have asked for. Without the key of the
// installation that finds who asked; with it, it finds nothing, and neither does the key stand in the database.
func TestWhoAskedCannotBeGuessedWithoutTheKeyOfTheInstallation(t *testing.T) {
	installation := []byte("the key of the installation, 32B")
	for name, test := range map[string]struct {
		key   []byte
		found bool
	}{"with the key": {installation, false}, "without a key": {nil, true}} {
		t.Run(name, func(t *testing.T) {
			for _, engine := range dbtest.Engines {
				t.Run(string(engine), func(t *testing.T) {
					c := newClock()
					l := openWith(t, database(t, engine, c), c, test.key)
					var e effects
					_, err := eventlog.Write(as(t.Context(), "users/mina"), l, request("1", "teams/payments"), e.change)
					must(t, err)
					type row struct {
						Key     []byte `db:"key"`
						Request []byte `db:"request_hash"`
					}
					r, found, err := db.One[row](t.Context(), l.DB().Read(), "select key, request_hash from idem")
					if err != nil || !found {
						t.Fatal(found, err)
					}
					body, err := proto.MarshalOptions{Deterministic: true}.Marshal(request("1", "teams/payments"))
					must(t, err)
					who := sha256.Sum256([]byte("key|users/mina|fortnight.cycle.v1.CreateChallengeRequest|1"))
					what := sha256.Sum256(body)
					if got := bytes.Equal(r.Key, who[:16]); got != test.found {
						t.Errorf("who asked can be guessed: %v, want %v", got, test.found)
					}
					if got := bytes.Equal(r.Request, what[:]); got != test.found {
						t.Errorf("what was asked can be guessed: %v, want %v", got, test.found)
					}
				})
			}
		})
	}
}

// The key is the same at every start, so that a copy after a restart is still a copy. Under another key it is a new request.
func TestACopyAfterARestart(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := newClock()
			d := database(t, engine, c)
			var e effects
			for i, start := range []struct {
				key    string
				answer int64
			}{{"one", 1}, {"one", 1}, {"another", 3}, {"", 4}, {"one", 1}} {
				ctx := caller.With(context.WithoutCancel(t.Context()), caller.Caller{Subject: "users/mina"})
				got, err := eventlog.Write(ctx, openWith(t, d, c, []byte(start.key)), request("1", "teams/payments"), e.change)
				if err != nil || !proto.Equal(got, &eventlogv1.Head{Epoch: "shown once", Sequence: start.answer}) {
					t.Errorf("start %d: %v, %v; want %d", i, got, err, start.answer)
				}
				e.n.Store(int64(i + 1)) // whether a copy ran the change for nothing or not
			}
		})
	}
}

func openWith(t *testing.T, d *db.DB, c *clock, installation []byte) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), d, "cycle", nil, eventlog.WithClock(c.now), eventlog.WithInstallationKey(installation))
	must(t, err)
	return l
}
