package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestSettingsOfEveryConnection(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, nil)
	ctx := context.Background()
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0",
		"journal_size_limit": "67108864", "wal_autocheckpoint": "0", "busy_timeout": "5000",
	}
	check := func(who string, q db.Queryer, pragma, value string) {
		got, ok, err := db.One[string](ctx, q, "pragma "+pragma)
		if err != nil || !ok || got != value {
			t.Errorf("%s: %s = %q, %v; want %q", who, pragma, got, err, value)
		}
	}
	for pragma, value := range want {
		check("reader", d.Read(), pragma, value)
		err := d.Write(ctx, func(tx *db.Tx) error {
			check("writer", tx, pragma, value)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	check("reader", d.Read(), "query_only", "1")
	if _, err := db.All[int64](ctx, d.Read(), "insert into schema_migrations (name, applied_at) values ('x', 0) returning applied_at"); err == nil {
		t.Error("a reader could write")
	}
}

// TestWeakSettingsAreRefused is the control of the reading back: the driver's own defaults do not pass.
func TestWeakSettingsAreRefused(t *testing.T) {
	for name, dsn := range map[string]string{
		"the driver's defaults":  "",
		"synchronous normal":     "?_journal_mode=wal&_foreign_keys=on&_synchronous=NORMAL",
		"foreign keys forgotten": "?_journal_mode=wal&_synchronous=FULL",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := (&sqlite3.SQLiteDriver{}).Open("file:" + filepath.Join(t.TempDir(), "x.db") + dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := db.CheckSettings(conn.(*sqlite3.SQLiteConn)); reason(err) != "DATABASE_SETTING_REFUSED" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCheckBuild(t *testing.T) {
	_, running, _ := sqlite3.Version()
	for name, c := range map[string]struct {
		version int
		fts5    bool
		reason  string
		says    string
	}{
		"this one":           {running, true, "", ""},
		"the first good":     {3_051_003, true, "", ""},
		"the last bad":       {3_051_002, true, "SQLITE_TOO_OLD", "3051002"},
		"without fts5":       {running, false, "SQLITE_WITHOUT_FTS5", "make test"},
		"without fts5 flags": {running, false, "SQLITE_WITHOUT_FTS5", "-tags=sqlite_fts5"},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.CheckBuild(c.version, c.fts5)
			if reason(err) != c.reason {
				t.Fatalf("got %v, want reason %q", err, c.reason)
			}
			if err != nil && (!strings.Contains(fault.From(err).Message, c.says) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("the line %q must name %q", err, c.says)
			}
		})
	}
}

func TestFullTextSearchIsThere(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, nil)
	ctx := context.Background()
	err := d.Write(ctx, func(tx *db.Tx) error {
		for _, q := range []string{"create virtual table found using fts5(text)", "insert into found (text) values ('review rota')"} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, ok, err := db.One[string](ctx, d.Read(), "select text from found where found match $1", "rota")
	if err != nil || !ok || got != "review rota" {
		t.Errorf("got %q %v %v", got, ok, err)
	}
}

func TestTheFileIsPrivateAndItsPathMayBeOdd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new dir", "50% ?#.db")
	d := dbtest.Start(t, db.Config{URL: "sqlite:" + path, Migrations: stateAndEvent()})
	if err := writePair(d, "a"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + "-wal"} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(p), info.Mode())
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	occupied := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(occupied, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"":                               "DATABASE_URL_INVALID",
		"mysql://x":                      "DATABASE_URL_INVALID",
		"sqlite:":                        "DATABASE_URL_INVALID",
		"sqlite::memory:":                "DATABASE_URL_INVALID",
		"postgres://u:secret@h:x/":       "DATABASE_URL_INVALID",
		"sqlite:" + occupied:             "DATABASE_DAMAGED",
		"sqlite:" + occupied + "/sub.db": "DATABASE_UNAVAILABLE",
	} {
		t.Run(fmt.Sprintf("%.12s", url), func(t *testing.T) {
			d, err := db.Open(t.Context(), db.Config{URL: url})
			if err == nil {
				_ = d.Close()
			}
			if reason(err) != want {
				t.Errorf("got %v, want reason %s", err, want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

// TestClassifySQLite goes by the driver's codes, without the conditions that are hard to make.
func TestClassifySQLite(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"full":       {sqlite3.Error{Code: sqlite3.ErrFull}, "DISK_FULL"},
		"no space":   {sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: 28}, "DISK_FULL"},
		"i/o":        {sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: 5}, "STORAGE_FAILED"},
		"busy":       {sqlite3.Error{Code: sqlite3.ErrBusy}, "DATABASE_BUSY"},
		"damaged":    {sqlite3.Error{Code: sqlite3.ErrCorrupt}, "DATABASE_DAMAGED"},
		"unique":     {sqlite3.Error{Code: sqlite3.ErrConstraint, ExtendedCode: sqlite3.ErrConstraintUnique}, "ALREADY_EXISTS"},
		"other rule": {sqlite3.Error{Code: sqlite3.ErrConstraint, ExtendedCode: sqlite3.ErrConstraintCheck}, "INTERNAL"},
		"canceled":   {context.Canceled, "QUERY_CANCELED"},
		"closed":     {sql.ErrConnDone, "DATABASE_UNAVAILABLE"},
		"a fault":    {fault.New(fault.NotFound, "X", "x"), "X"},
		"wrapped":    {fmt.Errorf("reading: %w", sqlite3.Error{Code: sqlite3.ErrFull}), "DISK_FULL"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reason(db.Fault(c.err)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if db.Fault(nil) != nil {
		t.Error("Fault(nil) is not nil")
	}
}
