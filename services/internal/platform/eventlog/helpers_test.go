package eventlog_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC)

// clock is a time that a test moves.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(start.UnixMicro())
	return c
}

func (c *clock) now() time.Time { return time.UnixMicro(c.micros.Load()) }

func (c *clock) add(d time.Duration) { c.micros.Add(d.Microseconds()) }

// each runs fn with an empty log on both engines, and a clock that stands still.
func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log, c *clock)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := newClock()
			fn(t, open(t, database(t, engine, c), c), c)
		})
	}
}

func database(t testing.TB, engine db.Engine, c *clock) *db.DB {
	t.Helper()
	cfg := dbtest.Config(t, engine)
	cfg.Migrations, cfg.Clock = eventlog.Migrations, c.now
	return dbtest.Start(t, cfg)
}

func open(t testing.TB, d *db.DB, c *clock) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), d, "cycle", nil, eventlog.WithClock(c.now))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func as(ctx context.Context, subject string) context.Context {
	return caller.With(ctx, caller.Caller{Subject: subject})
}

// event is the n-th event of an aggregate.
func event(aggregate string, n int64) eventlog.Event {
	return eventlog.Event{
		Team: "payments", AggregateType: "cycle", AggregateID: aggregate, AggregateVersion: n, Subject: "teams/payments/cycles/" + aggregate,
		Data: &eventlogv1.Head{Sequence: n, Epoch: aggregate},
	}
}

func add(ctx context.Context, l *eventlog.Log, events ...eventlog.Event) error {
	return l.Do(ctx, func(tx *eventlog.Tx) error {
		for _, e := range events {
			if err := tx.Append(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, kind fault.Kind, reason string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", reason)
	}
	if f := fault.From(err); f.Kind != kind || f.Reason != reason {
		t.Fatalf("error %v (%s %s), want %s %s", err, f.Kind, f.Reason, kind, reason)
	}
}

// all numbers and returns the whole log, after checking that it has no hole.
func all(t testing.TB, l *eventlog.Log) []eventlog.Record {
	t.Helper()
	if _, err := l.Number(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := l.List(t.Context(), 0, 1<<20)
	must(t, err)
	for i, r := range records {
		if r.Seq != int64(i)+1 {
			t.Fatalf("event %d has the number %d", i+1, r.Seq)
		}
	}
	head, err := l.Verify(t.Context())
	must(t, err)
	if at, err := l.Head(t.Context()); err != nil || at != head || int(at.Seq) != len(records) {
		t.Fatalf("head %+v (%v), the log ends at %+v", at, err, head)
	}
	return records
}

func count(t testing.TB, l *eventlog.Log, table string) int64 {
	t.Helper()
	n, _, err := db.One[int64](t.Context(), l.DB().Read(), "select count(*) from "+table)
	must(t, err)
	return n
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func id(format string, args ...any) string { return fmt.Sprintf(format, args...) }
