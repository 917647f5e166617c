package db

import (
	"time"

	"github.com/mattn/go-sqlite3"
)

// Queued is how many writes wait for the SQLite writer.
func Queued(d *DB) int { return len(d.backend.(*sqliteBackend).writer.queue) }

// OnCommit calls fn at every commit of the SQLite writer. It must be set while nothing is written.
func OnCommit(d *DB, fn func()) {
	d.backend.(*sqliteBackend).writer.raw.RegisterCommitHook(func() int { fn(); return 0 })
}

// SetCap shortens how long a caller waits. It must be set while nothing is written.
func SetCap(d *DB, cap time.Duration) { d.backend.(*sqliteBackend).writer.cap = cap }

// CheckBuild is what refuses a SQLite at start.
var CheckBuild = checkBuild

// CheckSettings reads the settings of a raw connection back.
func CheckSettings(raw *sqlite3.SQLiteConn) error { return checkSettings(raw, settings) }

// MaxBatchTime is how long a batch takes in further requests.
const MaxBatchTime = maxBatchTime

// Rewrite is the rewriting of placeholders.
var Rewrite = rewrite

// Classify is Fault for a Postgres SQLSTATE.
var ClassifyPostgres = classifyPostgres

// Break tells the writer of a failure, as if a commit had answered with it.
func Break(d *DB, err error) { _ = d.backend.(*sqliteBackend).writer.storage(err) }
