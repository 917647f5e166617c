package service

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const patience = 30 * time.Second

var tables = fstest.MapFS{
	"sqlite/0010_seen.sql":   {Data: []byte("create table seen (n bigint primary key)")},
	"postgres/0010_seen.sql": {Data: []byte("create table seen (n bigint primary key)")},
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a kit whose services reach each other in the process.
type world struct {
	kit     Kit
	channel *inprocgrpc.Channel
}

func newWorld(t *testing.T, engine db.Engine) *world {
	t.Helper()
	w := &world{channel: &inprocgrpc.Channel{}}
	b, err := bus.Open(t.Context(), bus.Config{StoreDir: t.TempDir()})
	must(t, err)
	t.Cleanup(b.Close)
	w.kit = Kit{
		Bus: b, Conn: func(string) grpc.ClientConnInterface { return w.channel },
		DatabaseURL: func(string) string { return dbtest.Config(t, engine).URL },
	}
	return w
}

func (w *world) open(t *testing.T, name string) *Base {
	t.Helper()
	b, err := Open(t.Context(), w.kit, name, tables)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return b
}

// run runs a part of a service until the test ends, which must be without an error.
func run(t *testing.T, part func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- part(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("running ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("running did not end")
		}
	})
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

func record(t *testing.T, l *eventlog.Log, version int64) {
	t.Helper()
	must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
		return tx.Append(eventlog.Event{Team: "a", AggregateType: "cycle", AggregateID: "c", AggregateVersion: version, Subject: "c", Data: &cyclev1.CycleStarted{}})
	}))
}

func forEngines(t *testing.T, fn func(t *testing.T, engine db.Engine)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, engine) })
	}
}

// What one service records another one applies, whether it was recorded before both ran or while they do.
func TestEventsTravel(t *testing.T) {
	forEngines(t, func(t *testing.T, engine db.Engine) {
		w := newWorld(t, engine)
		from, to := w.open(t, "from"), w.open(t, "to")
		eventlogrpc.Register(w.channel, from.EventLog(), to.EventLog())
		to.Consume("from", func(tx *eventlog.Tx, r eventlog.Record) error {
			_, err := tx.Exec("insert into seen (n) values ($1)", r.AggregateVersion)
			return err
		})
		record(t, from.Log, 1)
		run(t, from.Run)
		run(t, to.Run)
		record(t, from.Log, 2)
		eventually(t, "both events are applied", func() bool {
			n, _, err := db.One[int64](t.Context(), to.Log.DB().Read(), "select count(*) from seen")
			must(t, err)
			return n == 2
		})
		if at, err := eventlog.ReadCursor(t.Context(), to.Log.DB().Read(), "from"); err != nil || at.Seq != 2 || at.Epoch != from.Log.Epoch() {
			t.Errorf("cursor %+v, %v", at, err)
		}
		must(t, to.Ready(t.Context()))
	})
}

// Whoever follows the log does not wait for the broker, so numbering is not the relay's alone.
func TestNumbersWithoutRelay(t *testing.T) {
	b := newWorld(t, db.Postgres).open(t, "alone")
	run(t, b.number)
	for n := range int64(3) {
		record(t, b.Log, n+1)
		eventually(t, "the event has a number", func() bool {
			head, err := b.Log.Head(t.Context())
			must(t, err)
			return head.Seq == n+1
		})
	}
}

func TestRunPurgesOldAnswers(t *testing.T) {
	forEngines(t, func(t *testing.T, engine db.Engine) {
		w := newWorld(t, engine)
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		w.kit.Clock = func() time.Time { return now }
		b := w.open(t, "purged")
		ctx := caller.With(t.Context(), caller.Caller{Subject: "users/mina"})
		_, err := eventlog.Write(ctx, b.Log, &cyclev1.CreateChallengeRequest{RequestId: "r1"}, func(*eventlog.Tx) (*eventlogv1.Head, error) { return &eventlogv1.Head{}, nil })
		must(t, err)
		now = now.Add(24 * time.Hour)
		run(t, b.Run)
		eventually(t, "the answer is gone", func() bool {
			n, _, err := db.One[int64](t.Context(), b.Log.DB().Read(), "select count(*) from idem")
			must(t, err)
			return n == 0
		})
	})
}

func TestOpenRefuses(t *testing.T) {
	dbtest.NeedFTS5(t)
	for name, c := range map[string]struct {
		url        string
		migrations fstest.MapFS
		reason     string
	}{
		"no database": {"mysql://x", tables, "DATABASE_URL_INVALID"},
		"a migration with a platform name": {"sqlite:" + t.TempDir() + "/x.db", fstest.MapFS{
			"sqlite/0001_eventlog.sql": {Data: []byte("select 1")}, "postgres/0001_eventlog.sql": {Data: []byte("select 1")},
		}, "MIGRATIONS_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			kit := Kit{DatabaseURL: func(string) string { return c.url }}
			if _, err := Open(t.Context(), kit, "refused", c.migrations); fault.From(err) == nil || fault.From(err).Reason != c.reason {
				t.Fatalf("error %v, want %s", err, c.reason)
			}
		})
	}
}

func TestNotReadyWhenClosed(t *testing.T) {
	dbtest.NeedFTS5(t)
	b := newWorld(t, db.SQLite).open(t, "closed")
	must(t, b.Ready(t.Context()))
	must(t, b.Close())
	if b.Ready(t.Context()) == nil {
		t.Fatal("ready without a database")
	}
}
