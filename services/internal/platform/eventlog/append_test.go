package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestMigrationsAlike(t *testing.T) {
	if err := db.CheckMigrations(eventlog.Migrations); err != nil {
		t.Fatal(err)
	}
}

// Writers that commit and writers that fail after appending, at once: the numbers have no hole and the chain holds.
func TestNumbersWithoutHole(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		const writers, each = 16, 30
		refused := errors.New("refused")
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
						if err := tx.Append(event(id("%d-%d", w, i), 1)); err != nil {
							return err
						}
						if i%3 == 1 {
							return refused
						}
						return tx.Append(event(id("%d-%d", w, i), 2))
					})
					if i%3 == 1 && !errors.Is(err, refused) || i%3 != 1 && err != nil {
						t.Errorf("write %d of %d: %v", i, w, err)
					}
				}
			})
		}
		wg.Wait()
		records := all(t, l)
		if want := writers * each * 2 / 3 * 2; len(records) != want {
			t.Fatalf("%d events, want %d", len(records), want)
		}
		last := map[string]int64{}
		for _, r := range records {
			if last[r.AggregateID]++; r.AggregateVersion != last[r.AggregateID] {
				t.Fatalf("version %d of %s comes where %d belongs", r.AggregateVersion, r.AggregateID, last[r.AggregateID])
			}
		}
	})
}

// Two logs on one database, each with a tail that the other makes stale, and a third one opened later.
func TestStaleTail(t *testing.T) {
	each(t, func(t *testing.T, a *eventlog.Log, c *clock) {
		b := open(t, a.DB(), c)
		undo := errors.New("undo")
		for i := range int64(6) {
			must(t, add(t.Context(), a, event("a", i+1)))
			if err := a.Do(t.Context(), func(tx *eventlog.Tx) error { return errors.Join(tx.Append(event("undone", 1)), undo) }); !errors.Is(err, undo) {
				t.Fatal(err)
			}
			must(t, add(t.Context(), b, event("b", 2*i+1), event("b", 2*i+2)))
		}
		must(t, add(t.Context(), open(t, a.DB(), c), event("c", 1)))
		if n := len(all(t, a)); n != 19 {
			t.Fatalf("%d events, want 19", n)
		}
	})
}

func TestAppendRecordsEverything(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2}, SpanID: trace.SpanID{3}, TraceFlags: trace.FlagsSampled})
		ctx := trace.ContextWithSpanContext(as(t.Context(), "users/mina"), span)
		e := event("2026-w10", 1)
		must(t, add(ctx, l, e))
		e.AggregateVersion, e.Anonymous = 2, true
		must(t, add(ctx, l, e))
		records := all(t, l)
		r := records[0]
		want := eventlog.Record{
			Seq: 1, Epoch: l.Epoch(), Source: "cycle", ID: r.ID, Type: "fortnight.eventlog.v1.Head", Team: "payments",
			Subject: "teams/payments/cycles/2026-w10", Actor: "users/mina", AggregateType: "cycle", AggregateID: "2026-w10", AggregateVersion: 1,
			Time: start, Traceparent: "00-01020000000000000000000000000000-0300000000000000-01",
			Data: r.Data, PayloadHash: r.PayloadHash, Chain: eventlog.NextChain("", r.ID, r.PayloadHash),
		}
		wantSame(t, r, want)
		if len(r.ID) != 36 || r.ID[14] != '7' || !strings.ContainsAny(r.ID[19:20], "89ab") || r.ID[:8] != "019cadc6" {
			t.Errorf("id %q is no UUIDv7 of the instant", r.ID)
		}
		var data eventlogv1.Head
		if err := protojson.Unmarshal(r.Data, &data); err != nil || !proto.Equal(&data, e.Data) {
			t.Errorf("data %s (%v)", r.Data, err)
		}
		if a := records[1]; a.Actor != "" || a.Traceparent != "" {
			t.Errorf("an anonymous event names %q, %q", a.Actor, a.Traceparent)
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		must(t, add(t.Context(), l, event("a", 1)))
		wantReason(t, add(t.Context(), l, event("a", 1)), fault.Aborted, "CONCURRENT_CHANGE")
		for name, spoil := range map[string]func(e *eventlog.Event){
			"data":    func(e *eventlog.Event) { e.Data = nil },
			"type":    func(e *eventlog.Event) { e.AggregateType = "" },
			"id":      func(e *eventlog.Event) { e.AggregateID = "" },
			"version": func(e *eventlog.Event) { e.AggregateVersion = 0 },
		} {
			t.Run(name, func(t *testing.T) {
				e := event("b", 1)
				spoil(&e)
				wantReason(t, add(t.Context(), l, e), fault.Internal, "EVENT_INVALID")
			})
		}
		if n := len(all(t, l)); n != 1 {
			t.Fatalf("%d events, want 1", n)
		}
	})
}

// The channel closes after a commit that appended, when the event can be read, and at no other time.
func TestChanged(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		before := l.Changed()
		must(t, l.Do(t.Context(), func(*eventlog.Tx) error { return nil }))
		if err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return errors.Join(tx.Append(event("a", 1)), errors.New("undo")) }); err == nil {
			t.Fatal("no error")
		}
		if closed(before) {
			t.Fatal("changed without a commit that appended")
		}
		seen := make(chan int64, 1)
		go func() {
			<-before
			n, _, err := db.One[int64](context.WithoutCancel(t.Context()), l.DB().Read(), "select count(*) from event_log")
			if err != nil {
				t.Error(err)
			}
			seen <- n
		}()
		must(t, add(t.Context(), l, event("a", 1)))
		if n := <-seen; n != 1 {
			t.Fatalf("when told of the change, %d events could be read", n)
		}
		numbered := l.Changed()
		n, err := l.Number(t.Context())
		must(t, err)
		if closed(numbered) != (n > 0) || (n > 0) != (l.DB().Engine() == db.Postgres) {
			t.Fatalf("numbered %d, told: %v", n, closed(numbered))
		}
	})
}

// Whoever changes the log behind its back is found out.
func TestVerifyFindsDamage(t *testing.T) {
	for name, damage := range map[string]string{
		"payload":  "update event_log set payload = replace(payload, 'epoch', 'Epoch') where seq = 3",
		"id":       "update event_log set event_id = 'another' where seq = 3",
		"hash":     "update event_log set payload_hash = chain where seq = 3",
		"a hole":   "delete from event_log where seq = 3",
		"chain":    "update event_log set chain = payload_hash where seq = 3",
		"redacted": "update event_log set payload = '{}' where seq = 3",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
				for i := range int64(5) {
					must(t, add(t.Context(), l, event("a", i+1)))
				}
				all(t, l)
				must(t, l.DB().Write(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(damage)
					return err
				}))
				_, err := l.Verify(t.Context())
				wantReason(t, err, fault.Internal, "EVENT_LOG_DAMAGED")
				if at := fault.From(err).Metadata["sequence"]; at != "3" {
					t.Fatalf("damage found at %s, want 3", at)
				}
			})
		})
	}
}

func TestRedact(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		must(t, add(t.Context(), l, event("secret", 1), event("secret", 2)))
		first := all(t, l)[0]
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
			if found, err := tx.Redact(99); err != nil || found {
				t.Errorf("redacted an unknown event: %v, %v", found, err)
			}
			found, err := tx.Redact(first.Seq)
			if !found {
				t.Error("the event was not found")
			}
			return err
		}))
		redacted := all(t, l)[0]
		if string(redacted.Data) != "{}" {
			t.Errorf("data is still %s", redacted.Data)
		}
		redacted.Data = first.Data
		wantSame(t, redacted, first)
		n, _, err := db.One[int64](t.Context(), l.DB().Read(), "select count(*) from event_log where salt = '' and redacted_at is not null")
		if err != nil || n != 1 {
			t.Errorf("%d events without salt (%v), want 1", n, err)
		}
	})
}

// A restored database has another epoch; opening again keeps it.
func TestRenew(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := newClock()
			d := database(t, engine, c)
			first := open(t, d, c)
			if again := open(t, d, c); again.Epoch() != first.Epoch() || !bytes.Equal(again.Sign(nil), first.Sign(nil)) {
				t.Fatal("opening again changed the epoch or the key")
			}
			epoch, err := eventlog.Renew(t.Context(), d)
			must(t, err)
			restored := open(t, d, c)
			if restored.Epoch() != epoch || epoch[:8] == first.Epoch()[:8] || bytes.Equal(restored.Sign(nil), first.Sign(nil)) {
				t.Fatalf("epoch %s after %s", epoch, first.Epoch())
			}
		})
	}
}

func wantSame(t testing.TB, got, want eventlog.Record) {
	t.Helper()
	if g, w := string(got.CloudEvent()), string(want.CloudEvent()); g != w || !got.Time.Equal(want.Time) {
		t.Errorf("record\n%s, want\n%s", g, w)
	}
}
