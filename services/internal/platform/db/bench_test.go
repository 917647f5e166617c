package db_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// stateAndEvent is the shape of every write of a service: the state, and the event that tells of it.
func stateAndEvent() fstest.MapFS {
	const text = `create table state (name text primary key, doc text not null, version bigint not null);
create table event (seq integer primary key, name text not null, doc text not null);`
	return fstest.MapFS{
		"sqlite/0001_tables.sql": {Data: []byte(text)},
		"postgres/0001_tables.sql": {Data: []byte(`create table state (name text primary key, doc text not null, version bigint not null);
create table event (seq bigserial primary key, name text not null, doc text not null);`)},
	}
}

var doc = fmt.Sprintf("%0100d", 7)

func writePair(d *db.DB, name string) error {
	return d.Write(context.Background(), func(tx *db.Tx) error {
		if _, err := tx.Exec("insert into state (name, doc, version) values ($1, $2, $3)", name, doc, 1); err != nil {
			return err
		}
		_, err := tx.Exec("insert into event (name, doc) values ($1, $2)", name, doc)
		return err
	})
}

// BenchmarkWrite is a durable write of a row and an event. Beside the rate it reports the slowest 1 % and the largest size
// of SQLite's write-ahead log.
func BenchmarkWrite(b *testing.B) {
	for _, engine := range dbtest.Engines {
		for _, writers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", engine, writers), func(b *testing.B) {
				d := dbtest.Open(b, engine, stateAndEvent())
				var next, wal atomic.Int64
				took := make([]time.Duration, b.N)
				var wg sync.WaitGroup
				b.ResetTimer()
				for range writers {
					wg.Add(1)
					go func() {
						defer wg.Done()
						for {
							i := next.Add(1)
							if i > int64(b.N) {
								return
							}
							begun := time.Now()
							if err := writePair(d, fmt.Sprintf("teams/a/cycles/%d", i)); err != nil {
								b.Error(err)
								return
							}
							took[i-1] = time.Since(begun)
							if i%256 == 0 {
								wal.Store(max(wal.Load(), d.WALSize()))
							}
						}
					}()
				}
				wg.Wait()
				b.StopTimer()
				slices.Sort(took)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
				b.ReportMetric(float64(wal.Load())/(1<<20), "wal-MiB")
			})
		}
	}
}

// BenchmarkReadOne is a primary key lookup through All's little sister.
func BenchmarkReadOne(b *testing.B) {
	for _, engine := range dbtest.Engines {
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine, stateAndEvent())
			if err := writePair(d, "a"); err != nil {
				b.Fatal(err)
			}
			type row struct {
				Name    string `db:"name"`
				Doc     string `db:"doc"`
				Version int64  `db:"version"`
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, ok, err := db.One[row](context.Background(), d.Read(), "select name, doc, version from state where name = $1", "a"); err != nil || !ok {
						b.Error(ok, err)
						return
					}
				}
			})
		})
	}
}
