package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestWriteAndReadBack(t *testing.T) {
	dbtest.Each(t, stateAndEvent(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		err := d.Write(ctx, func(tx *db.Tx) error {
			for _, name := range []string{"b", "a"} {
				n, err := tx.Exec("insert into state (name, doc, version) values ($1, $2, $3)", name, "{}", 1)
				if err != nil || n != 1 {
					t.Errorf("insert: %d rows, %v", n, err)
				}
			}
			n, err := tx.Exec("update state set version = version + 1")
			if err != nil || n != 2 {
				t.Errorf("update: %d rows, %v", n, err)
			}
			// The transaction sees its own writes, others do not.
			if got, _, err := db.One[int64](ctx, tx, "select count(*) from state"); err != nil || got != 2 {
				t.Errorf("inside: %d, %v", got, err)
			}
			if got := count(t, d, "state"); got != 0 {
				t.Errorf("outside, before the commit: %d", got)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.All[string](ctx, d.Read(), "select name from state where version = $1 order by name", 2)
		if err != nil || !reflect.DeepEqual(got, []string{"a", "b"}) {
			t.Errorf("got %v, %v", got, err)
		}
		if err := d.Ping(ctx); err != nil {
			t.Errorf("Ping: %v", err)
		}
	})
}

func TestNothingIsSavedWhenAWriteFails(t *testing.T) {
	mine := fault.New(fault.FailedPrecondition, "MINE", "mine")
	put := func(tx *db.Tx, name string) error {
		_, err := tx.Exec("insert into state (name, doc, version) values ($1, '', 1)", name)
		return err
	}
	for name, c := range map[string]struct {
		fn   func(tx *db.Tx) error
		want string
	}{
		"its own error is returned as it is": {func(tx *db.Tx) error {
			return errors.Join(put(tx, "x"), mine)
		}, "MINE"},
		"a failed statement is sticky": {func(tx *db.Tx) error {
			if err := put(tx, "x"); err != nil {
				return err
			}
			if err := put(tx, "taken"); reason(err) != "ALREADY_EXISTS" {
				return mine
			}
			if err := put(tx, "y"); reason(err) != "ALREADY_EXISTS" { // refused although it would succeed
				return mine
			}
			if _, err := db.All[string](context.Background(), tx, "select name from state"); reason(err) != "ALREADY_EXISTS" {
				return mine
			}
			return nil
		}, "ALREADY_EXISTS"},
		"a mistake in a statement": {func(tx *db.Tx) error {
			_ = put(tx, "x")
			_, _ = tx.Exec("insert into nowhere values (1)")
			return nil
		}, "INTERNAL"},
		"wrong arguments": {func(tx *db.Tx) error {
			_ = put(tx, "x")
			_, _ = tx.Exec("delete from state where name = $1")
			return nil
		}, "STATEMENT_ARGUMENTS"},
		"a panic": {func(tx *db.Tx) error {
			_ = put(tx, "x")
			panic("secret")
		}, "INTERNAL"},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, stateAndEvent(), func(t *testing.T, d *db.DB) {
				if err := writePair(d, "taken"); err != nil {
					t.Fatal(err)
				}
				err := d.Write(context.Background(), c.fn)
				f := fault.From(err)
				if err == nil || f.Reason != c.want {
					t.Fatalf("got %v, want %s", err, c.want)
				}
				for _, leak := range []string{"secret", "UNIQUE", "unique", "SQLSTATE", "nowhere", "state_pkey"} {
					if strings.Contains(f.Message, leak) {
						t.Errorf("the message tells %q: %s", leak, f.Message)
					}
				}
				if got := count(t, d, "state"); got != 1 {
					t.Errorf("%d rows, want only the one from before", got)
				}
			})
		})
	}
}

func TestATransactionEndsWithItsFunction(t *testing.T) {
	dbtest.Each(t, stateAndEvent(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		var kept *db.Tx
		err := d.Write(ctx, func(tx *db.Tx) error {
			kept = tx
			rows, err := tx.Query(ctx, "select 1") // left open
			if err != nil {
				return err
			}
			if !rows.Next() {
				return errors.New("no row")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kept.Exec("delete from state"); reason(err) != "TRANSACTION_ENDED" {
			t.Errorf("a statement after the end: %v", err)
		}
		if err := writePair(d, "next"); err != nil {
			t.Errorf("the next write: %v", err)
		}
	})
}

func TestNow(t *testing.T) {
	berlin := time.FixedZone("CEST", 2*60*60)
	ticks := 0
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			cfg := dbtest.Config(t, engine)
			cfg.Clock = func() time.Time {
				ticks++
				return time.Date(2026, 6, 8, 10, 0, ticks, 123_456_789, berlin)
			}
			d := dbtest.Start(t, cfg)
			err := d.Write(context.Background(), func(tx *db.Tx) error {
				now := tx.Now()
				if now != tx.Now() {
					t.Error("two calls gave two instants")
				}
				if now.Location() != time.UTC || now.Nanosecond() != 123_456_000 || now.Hour() != 8 {
					t.Errorf("%v is not UTC in whole microseconds", now)
				}
				if back := db.Time(db.Micros(now)); back != now {
					t.Errorf("stored and read: %v, want %v", back, now)
				}
				if tx.Engine() != engine || d.Engine() != engine {
					t.Errorf("engine %s", tx.Engine())
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestScanning(t *testing.T) {
	type stamp struct {
		Created int64 `db:"created"`
	}
	type row struct {
		stamp
		Name    string          `db:"name"`
		Note    *string         `db:"note"`
		Raw     []byte          `db:"raw"`
		Doc     json.RawMessage `db:"doc"`
		On      bool            `db:"is_on"`
		Small   int             `db:"small"`
		Share   float64         `db:"share"`
		Maybe   *int64          `db:"maybe"`
		Ignored string
	}
	table := fstest.MapFS{
		"sqlite/0001_t.sql":   {Data: []byte("create table t (name text, note text, raw blob, doc text, is_on boolean, small bigint, share double precision, maybe bigint, created bigint)")},
		"postgres/0001_t.sql": {Data: []byte("create table t (name text, note text, raw bytea, doc text, is_on boolean, small bigint, share double precision, maybe bigint, created bigint)")},
	}
	dbtest.Each(t, table, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		note, maybe := "n", int64(5)
		want := []row{
			{stamp{7}, "a", &note, []byte{0, 255}, json.RawMessage(`{"x":1}`), true, -3, 0.25, &maybe, ""},
			{stamp{8}, "b", nil, nil, json.RawMessage(`[]`), false, 1 << 40, 1e300, nil, ""},
		}
		err := d.Write(ctx, func(tx *db.Tx) error {
			for _, r := range want {
				_, err := tx.Exec("insert into t (name, note, raw, doc, is_on, small, share, maybe, created) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
					r.Name, r.Note, r.Raw, string(r.Doc), r.On, r.Small, r.Share, r.Maybe, r.Created)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.All[row](ctx, d.Read(), "select created, maybe, share, small, is_on, doc, raw, note, name from t order by name")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
		one, ok, err := db.One[row](ctx, d.Read(), "select name, small from t where name = $1", "b")
		if err != nil || !ok || one.Small != 1<<40 {
			t.Errorf("some columns: %+v %v %v", one, ok, err)
		}
		if _, ok, err := db.One[row](ctx, d.Read(), "select name from t where name = 'z'"); ok || err != nil {
			t.Errorf("no row: %v %v", ok, err)
		}
		if all, err := db.All[row](ctx, d.Read(), "select name from t where name = 'z'"); len(all) != 0 || err != nil {
			t.Errorf("no rows: %v %v", all, err)
		}
		if v, ok, err := db.One[*string](ctx, d.Read(), "select note from t where name = 'b'"); v != nil || !ok || err != nil {
			t.Errorf("null: %v %v %v", v, ok, err)
		}
		if v, ok, err := db.One[[]byte](ctx, d.Read(), "select raw from t where name = 'a'"); string(v) != "\x00\xff" || !ok || err != nil {
			t.Errorf("bytes: %v %v %v", v, ok, err)
		}
		if v, err := db.All[bool](ctx, d.Read(), "select is_on from t order by name"); !reflect.DeepEqual(v, []bool{true, false}) || err != nil {
			t.Errorf("bools: %v %v", v, err)
		}
		for query, what := range map[string]string{
			"select name, created as unknown_column from t": "a column without a field",
			"select note as name from t where name = 'b'":   "null into a string",
		} {
			if _, err := db.All[row](ctx, d.Read(), query); reason(err) != "INTERNAL" {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := db.All[string](ctx, d.Read(), "select name, doc from t"); reason(err) != "INTERNAL" {
			t.Errorf("two columns into one value: %v", err)
		}
	})
}

func TestReadsEndWithTheirContext(t *testing.T) {
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		_, _, err := db.One[int64](ctx, d.Read(), "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000000) select count(*) from n")
		if f := fault.From(err); err == nil || f.Kind != fault.Unavailable || f.Reason != "QUERY_CANCELED" {
			t.Errorf("got %v", err)
		}
		if n, _, err := db.One[int64](context.Background(), d.Read(), "select 1"); n != 1 || err != nil {
			t.Errorf("the next read: %d %v", n, err)
		}
	})
}
