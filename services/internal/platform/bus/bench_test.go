package bus

import (
	"context"
	"testing"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// BenchmarkRelay publishes events one after the other, each on the broker's disk before the next.
func BenchmarkRelay(b *testing.B) {
	l, err := eventlog.Open(b.Context(), dbtest.Open(b, db.SQLite, eventlog.Migrations), "cycle", nil)
	if err != nil {
		b.Fatal(err)
	}
	err = l.Do(b.Context(), func(tx *eventlog.Tx) error {
		for i := range b.N {
			if err := tx.Append(eventlog.Event{AggregateType: "head", AggregateID: "x", AggregateVersion: int64(i) + 1, Data: &eventlogv1.Head{Sequence: 1}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	broker, err := Open(context.Background(), Config{StoreDir: b.TempDir(), MaxStore: 256 << 20})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(broker.Close)
	r := NewRelay(broker, l, nil)
	if err := r.locate(b.Context()); err != nil {
		b.Fatal(err)
	}
	r.last = 0 // all of it, not only the last thousand
	b.ResetTimer()
	if n, err := r.drain(b.Context()); n != b.N || err != nil {
		b.Fatalf("published %d: %v", n, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
