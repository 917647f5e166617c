package eventlog_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestCursor(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		steps := []eventlog.Head{{}, {Epoch: "e1", Seq: 1, Chain: "c1"}, {Epoch: "e1", Seq: 2, Chain: "c2"}, {Epoch: "e2"}}
		for i, want := range steps {
			if i > 0 {
				must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
					return eventlog.SaveCursor(tx, "experiment", want.Epoch, want.Seq, want.Chain)
				}))
			}
			must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
				got, err := eventlog.LoadCursor(tx, "experiment")
				if got != want {
					t.Errorf("cursor %+v, want %+v", got, want)
				}
				return err
			}))
		}
		if other, err := eventlog.ReadCursor(t.Context(), l.DB().Read(), "knowledge"); err != nil || other != (eventlog.Head{}) {
			t.Errorf("cursor of another source: %+v, %v", other, err)
		}
	})
}

// However many were replayed, those that wait for the operator are listed.
func TestReplayedDoNotHideOpen(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
			for seq := range int64(1000) {
				r := sample()
				r.Seq = seq + 1
				if err := errors.Join(eventlog.Quarantine(tx, r, "old"), eventlog.MarkReplayed(tx, r.Source, r.Epoch, r.Seq)); err != nil {
					return err
				}
			}
			return nil
		}))
		c.add(time.Minute)
		open := sample()
		open.Seq = 5000
		quarantined(t, l, open, "new")
		listed, err := eventlog.ListQuarantined(t.Context(), l.DB().Read())
		must(t, err)
		if len(listed) != 1000 || listed[999].Seq != 5000 || listed[999].Replayed || !listed[0].Replayed {
			t.Fatalf("%d listed, the last is %d", len(listed), listed[len(listed)-1].Seq)
		}
	})
}

// quarantined puts sample's event aside, reason by reason.
func quarantined(t *testing.T, l *eventlog.Log, r eventlog.Record, reasons ...string) {
	t.Helper()
	for _, reason := range reasons {
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error { return eventlog.Quarantine(tx, r, reason) }))
	}
}

func TestQuarantine(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		first, second := sample(), sample()
		second.Seq, second.ID = 3, "second"
		quarantined(t, l, first, "once", "twice")
		c.add(time.Minute)
		quarantined(t, l, second, "also")
		listed, err := eventlog.ListQuarantined(t.Context(), l.DB().Read())
		must(t, err)
		if len(listed) != 2 || listed[1].EventID != "second" {
			t.Fatalf("listed %+v", listed)
		}
		q := listed[0]
		if q.Source != "experiment" || q.Epoch != first.Epoch || q.Seq != first.Seq || q.EventID != first.ID || q.Reason != "twice" ||
			q.Attempts != 2 || !q.FirstTime.Equal(start) || q.Replayed || !bytes.Equal(q.CloudEvent, first.CloudEvent()) {
			t.Errorf("listed %+v", q)
		}
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error { return eventlog.MarkReplayed(tx, q.Source, q.Epoch, q.Seq) }))
		if q, found, err := eventlog.FindQuarantined(t.Context(), l.DB().Read(), q.Source, q.Seq); err != nil || !found || !q.Replayed {
			t.Errorf("after the replay: %+v, %v, %v", q, found, err)
		}
		if _, found, err := eventlog.FindQuarantined(t.Context(), l.DB().Read(), "experiment", 99); err != nil || found {
			t.Errorf("found what was never put aside: %v", err)
		}
	})
}

func TestReplay(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		r := sample()
		quarantined(t, l, r, "broken")
		_, err := l.Replay(t.Context(), "experiment", r.Seq)
		wantReason(t, err, fault.FailedPrecondition, "REPLAY_IMPOSSIBLE")

		applied, works := 0, false
		l.OnReplay("experiment", func(tx *eventlog.Tx, got eventlog.Record) error {
			wantSame(t, got, r)
			// What the handler did must vanish when it fails.
			if err := tx.Append(event("projection", 1)); err != nil {
				return err
			}
			if !works {
				return fault.New(fault.FailedPrecondition, "STILL", "Still broken.").Because(errors.New("secret driver text"))
			}
			applied++
			return nil
		})
		_, err = l.Replay(t.Context(), "experiment", 1)
		wantReason(t, err, fault.NotFound, "QUARANTINED_EVENT_NOT_FOUND")
		_, err = l.Replay(t.Context(), "experiment", r.Seq)
		wantReason(t, err, fault.FailedPrecondition, "REPLAY_FAILED")
		if q, _, err := eventlog.FindQuarantined(t.Context(), l.DB().Read(), "experiment", r.Seq); err != nil || q.Attempts != 2 || q.Reason != "Still broken." || q.Replayed {
			t.Fatalf("after a replay in vain: %+v, %v", q, err)
		}

		// The consumer stopped before the event.
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error { return eventlog.SaveCursor(tx, "experiment", r.Epoch, r.Seq-1, "before") }))
		works = true
		for range 2 { // the second time it stays as it is
			q, err := l.Replay(t.Context(), "experiment", r.Seq)
			if err != nil || !q.Replayed || q.Attempts != 2 {
				t.Fatalf("replayed: %+v, %v", q, err)
			}
		}
		if applied != 1 || len(all(t, l)) != 1 {
			t.Fatalf("applied %d times", applied)
		}
		if at, err := eventlog.ReadCursor(t.Context(), l.DB().Read(), "experiment"); err != nil || at != (eventlog.Head{Epoch: r.Epoch, Seq: r.Seq, Chain: r.Chain}) {
			t.Fatalf("cursor %+v, %v", at, err)
		}
	})
}

// An event that the consumer passed over is applied late, and the cursor stays where it is.
func TestReplayBehindCursor(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		r := sample()
		quarantined(t, l, r, "broken")
		l.OnReplay("experiment", func(*eventlog.Tx, eventlog.Record) error { return nil })
		ahead := eventlog.Head{Epoch: r.Epoch, Seq: r.Seq + 5, Chain: "ahead"}
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
			return eventlog.SaveCursor(tx, "experiment", ahead.Epoch, ahead.Seq, ahead.Chain)
		}))
		_, err := l.Replay(t.Context(), "experiment", r.Seq)
		must(t, err)
		if at, err := eventlog.ReadCursor(t.Context(), l.DB().Read(), "experiment"); err != nil || at != ahead {
			t.Fatalf("cursor %+v, %v", at, err)
		}
	})
}
