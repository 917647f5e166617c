package db

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// maxTries is how often a transaction runs that lost to another one.
	maxTries = 8
	// firstBackoff doubles with every try; the actual pause is random below it.
	firstBackoff = 2 * time.Millisecond
)

// postgresBackend is a pool of connections with the service's schema as search path.
type postgresBackend struct {
	pool   *sql.DB
	schema string
	clock  func() time.Time
	logger *slog.Logger
	texts  *texts
}

func openPostgres(ctx context.Context, cfg Config) (*DB, error) {
	pgcfg, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		// The driver's text repeats the URL, which may hold a password.
		return nil, fault.New(fault.InvalidArgument, "DATABASE_URL_INVALID", "The Postgres URL is not understood.")
	}
	if cfg.Schema != "" {
		pgcfg.RuntimeParams["search_path"] = pgx.Identifier{cfg.Schema}.Sanitize()
	}
	if pgcfg.RuntimeParams["application_name"] == "" {
		pgcfg.RuntimeParams["application_name"] = strings.TrimSpace("fortnight " + cfg.Schema)
	}
	conns := cfg.MaxConns
	if conns <= 0 {
		conns = 16
	}
	b := &postgresBackend{
		pool: stdlib.OpenDB(*pgcfg), schema: cfg.Schema, clock: cfg.Clock, texts: &texts{engine: Postgres},
		logger: cfg.Logger.With("component", "db", "schema", cfg.Schema),
	}
	b.pool.SetMaxOpenConns(conns)
	b.pool.SetMaxIdleConns(conns)
	b.pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := b.start(ctx); err != nil {
		_ = b.pool.Close()
		return nil, Fault(err)
	}
	return &DB{engine: Postgres, backend: b, texts: b.texts}, nil
}

// start asserts the server's settings and creates the schema.
func (b *postgresBackend) start(ctx context.Context) error {
	if err := b.ping(ctx); err != nil {
		return err
	}
	for _, s := range []setting{{"server_encoding", "UTF8"}, {"fsync", "on"}} {
		var got string
		if err := b.pool.QueryRowContext(ctx, "select current_setting($1)", s.name).Scan(&got); err != nil {
			return err
		}
		if got != s.value {
			// A test server runs without fsync; a real one without it loses what it acknowledged.
			b.logger.Warn("a Postgres setting endangers the data", "setting", s.name, "is", got, "should be", s.value)
		}
	}
	if b.schema == "" {
		return nil
	}
	return b.write(ctx, func(tx *Tx) error {
		// Two processes that create the same schema at once would fail on its unique name.
		if err := tx.Lock("schema"); err != nil {
			return err
		}
		n, found, err := One[int64](ctx, tx, "select count(*) from pg_namespace where nspname = $1", b.schema)
		if err != nil || found && n > 0 {
			return err
		}
		_, err = tx.Exec("create schema " + pgx.Identifier{b.schema}.Sanitize())
		return err
	}, false)
}

// write runs fn until it is committed, refused, or has lost to others maxTries times.
func (b *postgresBackend) write(ctx context.Context, fn func(tx *Tx) error, patient bool) error {
	if err := ctx.Err(); err != nil {
		return notStarted(err)
	}
	own := context.WithoutCancel(ctx)
	if !patient {
		var cancel context.CancelFunc
		own, cancel = context.WithTimeout(own, maxWait)
		defer cancel()
	}
	for try := 1; ; try++ {
		err := b.once(ctx, own, fn)
		if err == nil || try == maxTries || !lost(err) {
			return err
		}
		pause := time.NewTimer(rand.N(firstBackoff << try))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return notStarted(ctx.Err())
		}
	}
}

// once runs fn in one transaction. own is detached from the caller's ctx, which counts only for getting a connection.
func (b *postgresBackend) once(ctx, own context.Context, fn func(tx *Tx) error) error {
	conn, err := b.connection(ctx, own)
	if err != nil {
		return err
	}
	defer conn.Close()
	open, err := conn.BeginTx(own, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return Fault(err)
	}
	committed := false
	defer func() {
		if !committed {
			_ = open.Rollback() // the first error is the one that tells; a lost connection rolls back by itself
		}
	}()
	tx := Tx{
		engine: Postgres, ctx: own, run: open, texts: b.texts, schema: b.schema,
		now: b.clock().UTC().Truncate(time.Microsecond),
	}
	if err := tx.call(fn); err != nil {
		if tx.failed != nil && lost(tx.failed) {
			return tx.failed // so that it is tried again, whatever fn made of it
		}
		return err
	}
	committed = true
	if err := open.Commit(); err != nil {
		return commitFault(err)
	}
	return nil
}

// connection takes one from the pool; the caller may still leave.
func (b *postgresBackend) connection(ctx, own context.Context) (*sql.Conn, error) {
	waiting, stop := context.WithCancel(own)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	conn, err := b.pool.Conn(waiting)
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil, notStarted(err)
	}
	return nil, Fault(err)
}

// commitFault tells a commit that the server refused from one whose answer was lost.
func commitFault(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "08") && !strings.HasPrefix(pg.Code, "57P") {
		return Fault(err)
	}
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return Fault(errRolledBack)
	}
	return outcomeUnknown(err)
}

// lost says whether the transaction failed only because of another one: 40001 serialization failure, 40P01 deadlock.
func lost(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func (b *postgresBackend) read(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return b.pool.QueryContext(ctx, query, args...)
}

// ping refuses a standby or a server set to read only: the relay and every write need the primary.
func (b *postgresBackend) ping(ctx context.Context) error {
	var refuses bool
	err := b.pool.QueryRowContext(ctx, "select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on'").Scan(&refuses)
	if err != nil {
		return Fault(err)
	}
	if refuses {
		return fault.New(fault.Unavailable, "DATABASE_READ_ONLY", "The database takes no writes at the moment.")
	}
	return nil
}

func (b *postgresBackend) walSize() int64 { return 0 }

func (b *postgresBackend) close() error { return Fault(b.pool.Close()) }

var _ backend = (*postgresBackend)(nil)
