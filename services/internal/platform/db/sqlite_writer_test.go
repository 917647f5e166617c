package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// poll waits until ok, and fails the test after ten seconds.
func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// count returns the rows of a table.
func count(t *testing.T, d *db.DB, table string) int64 {
	t.Helper()
	n, _, err := db.One[int64](context.Background(), d.Read(), "select count(*) from "+table)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

// held keeps the writer busy until the returned function is called, so that a test can fill the queue. It uses up the time
// of its batch, so that the queue goes into the next one.
func held(t *testing.T, d *db.DB) (release func()) {
	t.Helper()
	in, out, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- d.Write(context.Background(), func(*db.Tx) error {
			begun := time.Now()
			close(in)
			<-out
			for time.Since(begun) <= db.MaxBatchTime {
				runtime.Gosched()
			}
			return nil
		})
	}()
	<-in
	return sync.OnceFunc(func() {
		close(out)
		if err := <-done; err != nil {
			t.Errorf("the holding write: %v", err)
		}
	})
}

// queue starts a write and returns when it waits in the queue.
func queue(t *testing.T, d *db.DB, ctx context.Context, fn func(tx *db.Tx) error) <-chan error {
	t.Helper()
	before := db.Queued(d)
	done := make(chan error, 1)
	go func() { done <- d.Write(ctx, fn) }()
	poll(t, "the write is queued", func() bool { return db.Queued(d) > before })
	return done
}

func insert(table, name string) func(tx *db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.Exec("insert into "+table+" (name, doc) values ($1, $2)", name, doc)
		return err
	}
}

func TestOneCommitServesAllThatQueued(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, stateAndEvent())
	ctx := context.Background()
	refused := errors.New("not today")
	release := held(t, d)
	defer release()
	var commits atomic.Int64
	db.OnCommit(d, func() { commits.Add(1) })

	var answers []<-chan error
	var want []error
	var names []string
	for i := range 30 {
		name := fmt.Sprintf("w%02d", i)
		fn := insert("event", name)
		switch i % 10 {
		case 3: // changes its mind after it wrote
			inner := fn
			fn = func(tx *db.Tx) error {
				if err := inner(tx); err != nil {
					return err
				}
				return refused
			}
			want = append(want, refused)
		default:
			names = append(names, name)
			want = append(want, nil)
		}
		answers = append(answers, queue(t, d, ctx, fn))
	}
	release()
	for i, a := range answers {
		if err := <-a; !errors.Is(err, want[i]) || (err == nil) != (want[i] == nil) {
			t.Errorf("write %d: %v, want %v", i, err, want[i])
		}
	}
	// One for the holding write and one for the queue, or a few more when a slow machine used up the time of a batch.
	if n := commits.Load(); n < 2 || n > 10 {
		t.Errorf("%d commits for 30 queued writes, want 2", n)
	}
	got, err := db.All[string](ctx, d.Read(), "select name from event order by seq")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, names) {
		t.Errorf("saved %v\nwant in the order of queueing %v", got, names)
	}
}

func TestContextOfAWrite(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, stateAndEvent())

	t.Run("ended before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := d.Write(ctx, insert("event", "never"))
		if reason(err) != "WRITE_NOT_STARTED" || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ended while queued: withdrawn", func(t *testing.T) {
		release := held(t, d)
		defer release()
		ctx, cancel := context.WithCancel(context.Background())
		answer := queue(t, d, ctx, insert("event", "never"))
		cancel()
		if err := <-answer; reason(err) != "WRITE_NOT_STARTED" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ended while running: committed", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		err := d.Write(ctx, func(tx *db.Tx) error {
			cancel()
			rows, err := tx.Query(ctx, "insert into event (name, doc) values ('kept', '') returning seq")
			if err != nil {
				return err
			}
			return rows.Close()
		})
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
	got, err := db.All[string](context.Background(), d.Read(), "select name from event")
	if err != nil || !slices.Equal(got, []string{"kept"}) {
		t.Errorf("saved %v, %v", got, err)
	}
}

func TestWaitingEndsWithAnHonestAnswer(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, stateAndEvent())
	db.SetCap(d, 20*time.Millisecond)
	in, out := make(chan struct{}), make(chan struct{})
	running := make(chan error, 1)
	go func() {
		running <- d.Write(context.Background(), func(tx *db.Tx) error { close(in); <-out; return insert("event", "late")(tx) })
	}()
	<-in
	if err := d.Write(context.Background(), insert("event", "never")); reason(err) != "WRITE_NOT_STARTED" {
		t.Errorf("queued behind a slow write: %v", err)
	}
	if err := <-running; reason(err) != "OUTCOME_UNKNOWN" || fault.From(err).Kind != fault.Unavailable {
		t.Errorf("running too long: %v", err)
	}
	close(out)
	poll(t, "the slow write is committed", func() bool { return count(t, d, "event") == 1 })
}

func TestAPanicHurtsNobodyElse(t *testing.T) {
	for name, blow := range map[string]func(){
		"panic":  func() { panic("secret") },
		"goexit": runtime.Goexit, // as t.FailNow does
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, db.SQLite, stateAndEvent())
			ctx := context.Background()
			release := held(t, d)
			defer release()
			before := queue(t, d, ctx, insert("event", "before"))
			bad := queue(t, d, ctx, func(tx *db.Tx) error {
				if err := insert("event", "bad")(tx); err != nil {
					return err
				}
				blow()
				return nil
			})
			release()
			// A goroutine that ends takes its whole batch with it; a panic does not.
			if err := <-before; err != nil && name != "goexit" {
				t.Errorf("before: %v", err)
			}
			err := <-bad
			if f := fault.From(err); err == nil || f.Kind != fault.Internal || strings.Contains(f.Message, "secret") || f.Cause == nil {
				t.Errorf("answer %#v", err)
			}
			if err := d.Write(ctx, insert("event", "after")); err != nil {
				t.Fatalf("after: %v", err)
			}
			got, err := db.All[string](ctx, d.Read(), "select name from event")
			if err != nil || slices.Contains(got, "bad") || !slices.Contains(got, "after") {
				t.Errorf("saved %v, %v", got, err)
			}
		})
	}
}

func TestAConstraintCheckedAtCommitHurtsNobodyElse(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, fstest.MapFS{"sqlite/0001_t.sql": {Data: []byte(
		`create table parent (id integer primary key); insert into parent values (1);
create table child (id integer primary key, parent bigint not null references parent deferrable initially deferred);`)}})
	ctx := context.Background()
	child := func(parent int) func(tx *db.Tx) error {
		return func(tx *db.Tx) error {
			_, err := tx.Exec("insert into child (parent) values ($1)", parent)
			return err
		}
	}
	release := held(t, d)
	good, bad, good2 := queue(t, d, ctx, child(1)), queue(t, d, ctx, child(99)), queue(t, d, ctx, child(1))
	release()
	if err := errors.Join(<-good, <-good2); err != nil {
		t.Errorf("the good ones: %v", err)
	}
	if err := <-bad; err == nil {
		t.Error("a child without a parent was accepted")
	}
	if n := count(t, d, "child"); n != 2 {
		t.Errorf("%d children, want 2", n)
	}
}

func TestCloseAnswersWhatQueued(t *testing.T) {
	cfg := dbtest.Config(t, db.SQLite)
	cfg.Migrations = stateAndEvent()
	d := dbtest.Start(t, cfg)
	release := held(t, d)
	var answers []<-chan error
	for i := range 10 {
		answers = append(answers, queue(t, d, context.Background(), insert("event", fmt.Sprint(i))))
	}
	closed := make(chan error, 1)
	go func() { closed <- d.Close() }()
	poll(t, "new writes are refused", func() bool {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		time.AfterFunc(time.Millisecond, cancel)
		return reason(d.Write(ctx, func(*db.Tx) error { return nil })) == "DATABASE_CLOSED"
	})
	release()
	for i, a := range answers {
		if err := <-a; err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if n := d.WALSize(); n != 0 {
		t.Errorf("the log has %d bytes after Close", n)
	}
	again := dbtest.Start(t, cfg)
	if n := count(t, again, "event"); n != 10 {
		t.Errorf("%d rows after reopening, want 10", n)
	}
	if err := d.Write(context.Background(), insert("event", "x")); reason(err) != "DATABASE_CLOSED" {
		t.Errorf("a write after Close: %v", err)
	}
}
