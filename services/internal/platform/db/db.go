// Package db is the database kit of every service: one SQL text for SQLite and Postgres, one way to write, one way to
// read.
//
// A write is durable when [DB.Write] returns nil, whole or absent in every other case, and never half. Reads go through
// [DB.Read], or through the [Tx] inside a write. [All] and [One] turn rows into values. Errors are *fault.Error; what the
// driver said is only in their cause.
//
// Query texts use $1, $2, … in any order and any number of times. Instants are bound as [Micros]; a time.Time as an
// argument is refused, because the two engines would store different things.
package db

import (
	"context"
	"database/sql"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Engine names the database engine behind a DB.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Config says which database to open and how.
type Config struct {
	// URL is "sqlite:/path/file.db" (or a relative path) or "postgres://…".
	URL string
	// Schema is the Postgres schema, usually the service's name; it is created when missing. SQLite ignores it.
	Schema string
	// Migrations holds sqlite/ and postgres/ with files 0001_name.sql of equal names; nil means none.
	Migrations fs.FS
	// Clock answers Tx.Now; nil means time.Now.
	Clock func() time.Time
	// Logger receives warnings: slow writes, a write-ahead log that cannot shrink. nil discards them.
	Logger *slog.Logger
	// MaxConns bounds the reading connections: 0 means 4 on SQLite and 16 on Postgres (where writers share them).
	MaxConns int
}

// DB is an open, migrated database. It is safe for concurrent use.
type DB struct {
	engine  Engine
	backend backend
	texts   *texts
}

// backend is what differs between the engines.
type backend interface {
	// write runs fn in a transaction that is durable when write returns nil. patient means without the cap on time:
	// for migrations, which may rewrite a table.
	write(ctx context.Context, fn func(tx *Tx) error, patient bool) error
	// read runs a query, already rewritten, outside any write.
	read(ctx context.Context, query string, args []any) (*sql.Rows, error)
	ping(ctx context.Context) error
	walSize() int64
	close() error
}

// Queryer runs a query that returns rows: DB.Read() outside a write, the Tx inside one. The rows must be closed.
type Queryer interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Open opens the database, refuses versions and settings that would break the promise of durability, and applies the
// migrations. The error says what to do about it.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var d *DB
	var err error
	switch {
	case strings.HasPrefix(cfg.URL, "sqlite:"):
		d, err = openSQLite(ctx, cfg)
	case strings.HasPrefix(cfg.URL, "postgres://"), strings.HasPrefix(cfg.URL, "postgresql://"):
		d, err = openPostgres(ctx, cfg)
	default:
		return nil, fault.New(fault.InvalidArgument, "DATABASE_URL_INVALID", `The database URL must start with "sqlite:" or "postgres://".`)
	}
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, d, cfg); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// Engine returns which engine this is.
func (d *DB) Engine() Engine { return d.engine }

// Write runs fn in one transaction and returns nil only when everything fn did is on disk. When it returns an error,
// nothing of it is there, except with reason OUTCOME_UNKNOWN (see below).
//
// After the first statement that fails, every later statement of fn is refused and the transaction fails, whatever fn
// returns: the drivers may have rolled back already, and the next statement would run alone. An error that fn returns is
// returned as it is. A panic in fn undoes the transaction and becomes an Internal fault with the stack as its cause.
//
// fn must not wait for anything but its own statements, must not keep tx, and may be run again on Postgres after a
// serialization failure or deadlock. On SQLite it runs on the one writing goroutine and shares a commit with the requests
// that queued meanwhile; each has a savepoint of its own.
//
// ctx counts only until fn starts: a request that is still waiting is withdrawn when ctx ends (Unavailable
// WRITE_NOT_STARTED, nothing happened). Once started it runs to its end, so that nobody has to guess. Only after 5 s does
// Write give up waiting, with Unavailable OUTCOME_UNKNOWN: the change may still be committed. The same answer is given when
// the disk or the connection failed during the commit itself. After a failed fsync SQLite takes no more writes until the
// program is started again: Unavailable STORAGE_FAILED.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return d.backend.write(ctx, fn, false)
}

// Read returns the reading side: on SQLite a pool that cannot write, on Postgres the pool. Rows must be drained and closed
// quickly: on SQLite an open reader keeps the write-ahead log from being reset.
func (d *DB) Read() Queryer { return reader{d} }

type reader struct{ d *DB }

func (r reader) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	text, err := r.d.texts.bind(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := r.d.backend.read(ctx, text, args)
	if err != nil {
		return nil, Fault(err)
	}
	return rows, nil
}

// Ping reports whether the database takes writes now; it is the readiness probe. On SQLite it goes through the writer,
// and after a storage failure it really writes a row, so that it turns well again by itself; on Postgres it asks whether
// the server accepts writes.
func (d *DB) Ping(ctx context.Context) error { return d.backend.ping(ctx) }

// WALSize returns the size of SQLite's write-ahead log file in bytes, 0 on Postgres. Under steady load it stays below
// 128 MB; more means that a reader is open for too long.
func (d *DB) WALSize() int64 { return d.backend.walSize() }

// Close finishes the queued writes, truncates the write-ahead log and closes all connections. Later writes answer
// Unavailable DATABASE_CLOSED.
func (d *DB) Close() error { return d.backend.close() }

// Micros is how an instant is stored: microseconds since 1970 in UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time is the instant of a stored number, in UTC.
func Time(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
