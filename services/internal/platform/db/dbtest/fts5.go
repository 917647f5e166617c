package dbtest

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"testing"
)

// fts5 tells whether SQLite was built with full-text search, without which no database opens.
var fts5 = sync.OnceValue(func() bool {
	memory, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return false
	}
	defer func() { _ = memory.Close() }()
	var built bool
	err = memory.QueryRowContext(context.Background(), "select sqlite_compileoption_used('ENABLE_FTS5')").Scan(&built)
	return err == nil && built
})

// NeedFTS5 skips a test when SQLite was built without full-text search, as a plain `go test` does; on the build machine it
// fails.
func NeedFTS5(t testing.TB) {
	t.Helper()
	switch {
	case fts5():
	case os.Getenv("CI") == "true":
		t.Fatal("SQLite was built without FTS5; run make test")
	default:
		t.Skip("SKIPPED: SQLite was built without FTS5; run make test")
	}
}
