package db_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// filled differs from call to call in every page: SQLite does not write a page that stays the same.
func filled(size, i int) string { return strings.Repeat(string(rune('a'+i%26)), size) }

// TestTheLogStaysSmall writes more than the bound, from several writers, while readers read all the time.
func TestTheLogStaysSmall(t *testing.T) {
	const bound, total, size, writers = 128 << 20, 160 << 20, 64 << 10, 8
	d := dbtest.Open(t, db.SQLite, stateAndEvent())
	ctx := context.Background()
	stop := make(chan struct{})
	var readers, busy sync.WaitGroup
	var reads, largest atomic.Int64
	for range 2 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := db.All[string](ctx, d.Read(), "select name from state order by name limit 100"); err != nil {
					t.Error(err)
					return
				}
				reads.Add(1)
			}
		}()
	}
	for w := range writers {
		busy.Add(1)
		go func() {
			defer busy.Done()
			for i := range total / size / writers {
				err := d.Write(ctx, func(tx *db.Tx) error {
					// A row per writer is replaced, so that the log grows and the file does not.
					_, err := tx.Exec("insert into state (name, doc, version) values ($1, $2, $3) on conflict (name) do update set doc = excluded.doc, version = excluded.version", fmt.Sprint(w), filled(size, i), i)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				if n := d.WALSize(); n > largest.Load() {
					largest.Store(n)
				}
			}
		}()
	}
	busy.Wait()
	close(stop)
	readers.Wait()
	if n := largest.Load(); n == 0 || n > bound {
		t.Errorf("the log grew to %d MiB, the bound is %d", n>>20, bound>>20)
	}
	if reads.Load() == 0 {
		t.Error("the readers read nothing, so the test says nothing about them")
	}
	t.Logf("largest log %d MiB, %d reads meanwhile", largest.Load()>>20, reads.Load())
	poll(t, "the idle log is truncated", func() bool { return d.WALSize() == 0 })
}

// TestALongReaderIsSurvived shows what only short reads can prevent, and that it heals afterwards.
func TestALongReaderIsSurvived(t *testing.T) {
	const total, size = 48 << 20, 256 << 10 // beyond the length at which a reset is tried
	d := dbtest.Open(t, db.SQLite, stateAndEvent())
	ctx := context.Background()
	write := func(n int) {
		for i := range n / size {
			err := d.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec("insert into state (name, doc, version) values ('a', $1, $2) on conflict (name) do update set doc = excluded.doc, version = excluded.version", filled(size, i), i)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	write(size)
	rows, err := d.Read().Query(ctx, "select name, version from state union all select 'b', 0")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() {
		t.Fatal("no row")
	}
	write(total)
	if d.WALSize() < total {
		t.Errorf("the log has %d bytes; it was reset under an open reader", d.WALSize())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	poll(t, "the log is truncated when the reader is gone", func() bool { return d.WALSize() == 0 })
}
