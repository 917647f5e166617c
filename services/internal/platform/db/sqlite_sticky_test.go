package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3", for the control

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// big does not fit into the pages that the tests below allow.
var big = strings.Repeat("x", 1<<20)

// limitPages sets how many pages the file may have; SQLite then answers like on a full disk, and rolls back by itself.
func limitPages(t *testing.T, d *db.DB, pages int) {
	t.Helper()
	err := d.Write(context.Background(), func(tx *db.Tx) error {
		_, _, err := db.One[int64](context.Background(), tx, fmt.Sprintf("pragma max_page_count = %d", pages))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// careless writes the state, overlooks that a statement fails, and writes the event.
func careless(exec func(query string, args ...any) error) (failure, afterwards error) {
	_ = exec("insert into state (name, doc, version) values ('s', '', 1)")
	failure = exec("insert into state (name, doc, version) values ('big', $1, 1)", big)
	afterwards = exec("insert into event (name, doc) values ('orphan', '')")
	return failure, afterwards
}

// TestWithoutStickinessAnOrphanSurvives is the control: the same transaction on the plain driver leaves an event without
// its state (mattn/go-sqlite3#769). When this test fails, the driver has changed and the protection may be simplified.
func TestWithoutStickinessAnOrphanSurvives(t *testing.T) {
	cfg := dbtest.Config(t, db.SQLite)
	cfg.Migrations = stateAndEvent()
	if err := dbtest.Start(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(strings.TrimPrefix(cfg.URL, "sqlite:"))+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	if _, err := raw.Exec("pragma max_page_count = 20"); err != nil {
		t.Fatal(err)
	}
	tx, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	failure, afterwards := careless(func(query string, args ...any) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	_ = tx.Rollback()
	if failure == nil || afterwards != nil {
		t.Fatalf("the plain driver behaves otherwise than known: %v, then %v", failure, afterwards)
	}
	var states, events int
	if err := raw.QueryRow("select (select count(*) from state), (select count(*) from event)").Scan(&states, &events); err != nil {
		t.Fatal(err)
	}
	if states != 0 || events != 1 {
		t.Errorf("%d states and %d events, expected the orphan: 0 and 1", states, events)
	}
}

func TestDiskFull(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, stateAndEvent())
	ctx := context.Background()
	limitPages(t, d, 20)

	release := held(t, d)
	neighbour := queue(t, d, ctx, insert("event", "neighbour"))
	var failure, afterwards error
	full := queue(t, d, ctx, func(tx *db.Tx) error {
		failure, afterwards = careless(func(query string, args ...any) error {
			_, err := tx.Exec(query, args...)
			return err
		})
		return nil
	})
	go release()
	err := <-full
	if f := fault.From(err); f.Kind != fault.ResourceExhausted || f.Reason != "DISK_FULL" || f.Cause == nil || strings.Contains(f.Message, f.Cause.Error()) {
		t.Errorf("answer %#v", err)
	}
	if reason(failure) != "DISK_FULL" || reason(afterwards) != "DISK_FULL" {
		t.Errorf("the failing statement answered %v, the next one %v; both must be refused", failure, afterwards)
	}
	// The neighbour shared the transaction that SQLite rolled back: it is told the same, and nothing of it is there. (A slow
	// machine may have given it a batch of its own.)
	want := int64(0)
	switch err := <-neighbour; reason(err) {
	case "":
		want = 1
	case "DISK_FULL":
	default:
		t.Errorf("neighbour: %v", err)
	}
	if n := count(t, d, "event"); n != want {
		t.Errorf("%d events, want %d", n, want)
	}
	if n := count(t, d, "state"); n != 0 {
		t.Errorf("%d states, want none", n)
	}
	if err := d.Ping(ctx); err != nil {
		t.Errorf("a small write still fits, so Ping must answer well: %v", err)
	}
	limitPages(t, d, 1<<20)
	if err := d.Write(ctx, insert("event", big)); err != nil {
		t.Errorf("after there is space again: %v", err)
	}
}
