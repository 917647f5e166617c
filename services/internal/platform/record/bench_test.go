package record_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
)

// BenchmarkCreate is the write of a request: a record and its event, with and without a request id, by 64 callers at once.
// The floor writes a row and an event by hand.
func BenchmarkCreate(b *testing.B) {
	var name atomic.Int64
	doc := fmt.Sprintf("%0100d", 7)
	for _, c := range []struct {
		name   string
		create func(ctx context.Context, l *eventlog.Log, n int64) error
	}{
		{"floor", func(ctx context.Context, l *eventlog.Log, n int64) error {
			return l.DB().Write(ctx, func(tx *db.Tx) error {
				if _, err := tx.Exec("insert into floor_state (name, doc, version) values ($1, $2, $3)", fmt.Sprintf("teams/a/plans/%d", n), doc, 1); err != nil {
					return err
				}
				_, err := tx.Exec("insert into floor_event (name, doc) values ($1, $2)", fmt.Sprintf("teams/a/plans/%d", n), doc)
				return err
			})
		}},
		{"plain", func(ctx context.Context, l *eventlog.Log, n int64) error { return createPlan(ctx, l, n, "") }},
		{"idempotent", func(ctx context.Context, l *eventlog.Log, n int64) error { return createPlan(ctx, l, n, fmt.Sprint(n)) }},
		{"uuid7", func(ctx context.Context, l *eventlog.Log, n int64) error {
			return createPlan(ctx, l, n, requestid.New())
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			cfg := dbtest.Config(b, db.SQLite)
			floor := migrations()
			copied := *floor["sqlite/0010_plans.sql"]
			copied.Data = []byte("create table floor_state (name text primary key, doc text not null, version bigint not null); create table floor_event (seq integer primary key, name text not null, doc text not null);")
			floor["sqlite/0011_floor.sql"] = &copied
			floor["postgres/0011_floor.sql"] = &copied
			cfg.Migrations = db.Merge(eventlog.Migrations, floor)
			l, err := eventlog.Open(b.Context(), dbtest.Start(b, cfg), "cycle", nil)
			must(b, err)
			ctx := caller.With(context.Background(), caller.Caller{Subject: "users/mina"})
			b.SetParallelism(32)
			b.ReportAllocs()
			before := cpu(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := c.create(ctx, l, name.Add(1)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

func createPlan(ctx context.Context, l *eventlog.Log, n int64, requestID string) error {
	req := &cyclev1.CreateChallengeRequest{RequestId: requestID, Parent: "teams/a"}
	_, err := eventlog.Write(ctx, l, req, func(tx *eventlog.Tx) (*eventlogv1.Head, error) {
		p := draft
		p.Name = fmt.Sprintf("teams/a/plans/%d", n)
		row, err := plans.Create(tx, &p, "created")
		return &eventlogv1.Head{Epoch: row.Etag, Sequence: row.Version}, err
	})
	return err
}

// cpu is how long the process has used processors, which a busy machine does not change as it does the rate.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
