// Package dbtest opens databases for tests: a SQLite file, and a schema of its own on a Postgres server that is started
// once per test process and stopped with it. It needs no TestMain.
//
// Where the Postgres binaries are missing its tests are skipped with a line that says so, and fail when CI is true. Without
// the build tag for full-text search every test is skipped with the words "make test".
package dbtest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// Engines are the engines that Each runs on.
var Engines = []db.Engine{db.SQLite, db.Postgres}

// Each runs fn as the subtests "sqlite" and "postgres", each with a fresh, migrated database that is closed afterwards.
// migrations may be nil.
func Each(t *testing.T, migrations fs.FS, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, engine := range Engines {
		t.Run(string(engine), func(t *testing.T) {
			fn(t, Open(t, engine, migrations))
		})
	}
}

// Open returns a fresh, migrated database of one engine; it is closed when the test ends.
func Open(t testing.TB, engine db.Engine, migrations fs.FS) *db.DB {
	t.Helper()
	cfg := Config(t, engine)
	cfg.Migrations = migrations
	return Start(t, cfg)
}

// Start opens the database of a Config that a test made or changed; it is closed when the test ends.
func Start(t testing.TB, cfg db.Config) *db.DB {
	t.Helper()
	NeedFTS5(t)
	d, err := db.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("opening the database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return d
}

var schemas atomic.Int64

// Config returns a Config for a fresh, empty database of one engine, for tests that open it themselves, or twice.
func Config(t testing.TB, engine db.Engine) db.Config {
	t.Helper()
	if engine == db.SQLite {
		NeedFTS5(t)
		return db.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db")}
	}
	url, err := server()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("Postgres is needed in CI: %v", err)
		}
		t.Skipf("SKIPPED: no Postgres: %v", err)
	}
	return db.Config{URL: url, Schema: fmt.Sprintf("test_%d", schemas.Add(1)), MaxConns: 8}
}
