package db_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

func TestADeadlockIsTriedAgain(t *testing.T) {
	d := dbtest.Open(t, db.Postgres, stateAndEvent())
	ctx := context.Background()
	for _, name := range []string{"a", "b"} {
		if err := writePair(d, name); err != nil {
			t.Fatal(err)
		}
	}
	var runs atomic.Int64
	var both sync.WaitGroup // both hold their first row before either asks for its second
	both.Add(2)
	cross := func(first, second string) error {
		met := false
		return d.Write(ctx, func(tx *db.Tx) error {
			runs.Add(1)
			for _, name := range []string{first, second} {
				if _, err := tx.Exec("update state set version = version + 1 where name = $1", name); err != nil {
					return errors.New("hidden by the function")
				}
				if !met {
					met = true
					both.Done()
					both.Wait()
				}
			}
			return nil
		})
	}
	answers := make(chan error, 2)
	go func() { answers <- cross("a", "b") }()
	go func() { answers <- cross("b", "a") }()
	if err := errors.Join(<-answers, <-answers); err != nil {
		t.Fatal(err)
	}
	if n := runs.Load(); n != 3 {
		t.Errorf("the functions ran %d times, want 3: one lost once", n)
	}
	got, err := db.All[int64](ctx, d.Read(), "select version from state order by name")
	if err != nil || len(got) != 2 || got[0] != 3 || got[1] != 3 {
		t.Errorf("versions %v, %v; want each change once", got, err)
	}
}

// TestLock: the second holder of a key waits for the first and sees what it wrote; another key does not wait.
func TestLock(t *testing.T) {
	d := dbtest.Open(t, db.Postgres, stateAndEvent())
	ctx := context.Background()
	if err := writePair(d, "a"); err != nil {
		t.Fatal(err)
	}
	add := func(key string, meanwhile func()) error {
		return d.Write(ctx, func(tx *db.Tx) error {
			if err := tx.Lock(key); err != nil {
				return err
			}
			v, _, err := db.One[int64](ctx, tx, "select version from state where name = 'a'")
			if err != nil {
				return err
			}
			meanwhile()
			_, err = tx.Exec("update state set version = $1 where name = 'a'", v+1)
			return err
		})
	}
	in, out := make(chan struct{}), make(chan struct{})
	answers := make(chan error, 2)
	go func() { answers <- add("k", func() { close(in); <-out }) }()
	<-in
	go func() { answers <- add("k", func() {}) }()
	poll(t, "the second waits for the lock", func() bool {
		n, _, err := db.One[int64](ctx, d.Read(), "select count(*) from pg_locks where locktype = 'advisory' and not granted")
		return err == nil && n == 1
	})
	other := d.Write(ctx, func(tx *db.Tx) error { return tx.Lock("another") })
	close(out)
	if err := errors.Join(<-answers, <-answers, other); err != nil {
		t.Fatal(err)
	}
	if v, _, err := db.One[int64](ctx, d.Read(), "select version from state where name = 'a'"); v != 3 || err != nil {
		t.Errorf("version %d, %v; want 3: no update lost", v, err)
	}
}

func TestTwoReplicasStartAtOnce(t *testing.T) {
	cfg := dbtest.Config(t, db.Postgres)
	cfg.Migrations = stateAndEvent()
	cfg.MaxConns = 2
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			d, err := db.Open(context.Background(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			if n, _, err := db.One[int64](context.Background(), d.Read(), "select count(*) from schema_migrations"); n != 1 || err != nil {
				t.Errorf("%d migrations, %v", n, err)
			}
		}()
	}
	wg.Wait()
}

func TestSchemasAreApart(t *testing.T) {
	a, b := dbtest.Open(t, db.Postgres, stateAndEvent()), dbtest.Open(t, db.Postgres, stateAndEvent())
	if err := writePair(a, "x"); err != nil {
		t.Fatal(err)
	}
	if n, m := count(t, a, "state"), count(t, b, "state"); n != 1 || m != 0 {
		t.Errorf("%d and %d rows, want 1 and 0", n, m)
	}
}

func TestAServerThatIsGone(t *testing.T) {
	cfg := dbtest.Config(t, db.Postgres)
	cfg.URL = strings.Replace(cfg.URL, "fnpg", "gone", 1)
	d, err := db.Open(t.Context(), cfg)
	if err == nil {
		_ = d.Close()
	}
	if reason(err) != "DATABASE_UNAVAILABLE" {
		t.Errorf("got %v", err)
	}
}

func TestClassifyPostgres(t *testing.T) {
	for code, want := range map[string]string{
		"23505": "ALREADY_EXISTS", "53100": "DISK_FULL", "53300": "DATABASE_UNAVAILABLE", "57P01": "DATABASE_UNAVAILABLE",
		"08006": "DATABASE_UNAVAILABLE", "40001": "DATABASE_BUSY", "40P01": "DATABASE_BUSY", "57014": "QUERY_CANCELED",
		"XX001": "DATABASE_DAMAGED", "58030": "STORAGE_FAILED", "42P01": "", "23503": "",
	} {
		got := ""
		if f := db.ClassifyPostgres(code); f != nil {
			got = f.Reason
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}

// TestACallerMayLeaveWhileItWaitsForAConnection uses up the pool.
func TestACallerMayLeaveWhileItWaitsForAConnection(t *testing.T) {
	cfg := dbtest.Config(t, db.Postgres)
	cfg.MaxConns, cfg.Migrations = 1, stateAndEvent()
	d := dbtest.Start(t, cfg)
	in, out, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- d.Write(context.Background(), func(tx *db.Tx) error { close(in); <-out; return insert("event", "kept")(tx) })
	}()
	<-in
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() { left <- d.Write(ctx, insert("event", "never")) }()
	cancel()
	if err := <-left; reason(err) != "WRITE_NOT_STARTED" {
		t.Errorf("got %v", err)
	}
	close(out)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := count(t, d, "event"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}
