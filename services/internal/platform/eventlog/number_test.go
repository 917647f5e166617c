package eventlog_test

import (
	"context"
	"sync"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// A transaction that draws its row first and commits last. A reader that remembers the greatest row loses it: that is the
// control, and the reason for numbering. The log does not.
func TestNumberAfterHeldTransaction(t *testing.T) {
	c := newClock()
	l := open(t, database(t, db.Postgres, c), c)
	drawn, release, committed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		committed <- l.Do(context.WithoutCancel(t.Context()), func(tx *eventlog.Tx) error {
			err := tx.Append(event("held", 1))
			close(drawn)
			<-release
			return err
		})
	}()
	<-drawn
	must(t, add(t.Context(), l, event("quick", 1)))

	var cursor int64
	var byCursor []string
	follow := func() {
		type row struct {
			RowID int64  `db:"row_id"`
			Name  string `db:"aggregate_id"`
		}
		rows, err := db.All[row](t.Context(), l.DB().Read(), "select row_id, aggregate_id from event_log where row_id > $1 order by row_id", cursor)
		must(t, err)
		for _, r := range rows {
			cursor, byCursor = r.RowID, append(byCursor, r.Name)
		}
	}
	var after int64
	var byNumber []string
	number := func() {
		_, err := l.Number(t.Context())
		must(t, err)
		records, err := l.List(t.Context(), after, 10)
		must(t, err)
		for _, r := range records {
			after, byNumber = r.Seq, append(byNumber, r.AggregateID)
		}
	}
	follow()
	number()
	close(release)
	must(t, <-committed)
	follow()
	number()

	if len(byCursor) != 1 || byCursor[0] != "quick" {
		t.Errorf("control: the cursor over rows saw %v and lost nothing", byCursor)
	}
	if len(byNumber) != 2 || byNumber[0] != "quick" || byNumber[1] != "held" {
		t.Errorf("by number: %v, want quick and held", byNumber)
	}
	all(t, l)
}

// Events without a number are not shown: they could still get another place.
func TestUnnumberedIsHidden(t *testing.T) {
	c := newClock()
	l := open(t, database(t, db.Postgres, c), c)
	must(t, add(t.Context(), l, event("a", 1)))
	records, err := l.List(t.Context(), 0, 10)
	must(t, err)
	head, err := l.Head(t.Context())
	must(t, err)
	if len(records) != 0 || head.Seq != 0 || head.Epoch != l.Epoch() {
		t.Fatalf("%d events and head %+v before numbering", len(records), head)
	}
	if n, err := l.Number(t.Context()); n != 1 || err != nil {
		t.Fatalf("numbered %d, %v", n, err)
	}
}

// Several processes number at once while others write, and more than one batch is waiting.
func TestNumberConcurrently(t *testing.T) {
	c := newClock()
	d := database(t, db.Postgres, c)
	logs := []*eventlog.Log{open(t, d, c), open(t, d, c), open(t, d, c)}
	must(t, logs[0].Do(t.Context(), func(tx *eventlog.Tx) error {
		for i := range int64(1200) {
			if err := tx.Append(event("bulk", i+1)); err != nil {
				return err
			}
		}
		return nil
	}))
	var wg sync.WaitGroup
	for w, l := range logs {
		wg.Go(func() {
			for i := range int64(40) {
				if err := add(t.Context(), l, event(id("w%d", w), i+1)); err != nil {
					t.Error(err)
				}
				if _, err := l.Number(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(all(t, logs[0])); n != 1320 {
		t.Fatalf("%d events, want 1320", n)
	}
}
