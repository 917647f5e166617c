package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mattn/go-sqlite3"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// minSQLite is the first version without the WAL-reset race that can damage a database with two connections.
const minSQLite = 3_051_003

// setting is one PRAGMA that every connection must have. The driver's own defaults are not safe (synchronous NORMAL,
// foreign keys off), and a PRAGMA that SQLite does not accept fails without an error: hence the reading back.
type setting struct{ name, value string }

var settings = []setting{
	{"journal_mode", "wal"},
	{"synchronous", "2"}, // FULL: a commit is on disk before it is acknowledged
	{"foreign_keys", "1"},
	{"trusted_schema", "0"},
	{"journal_size_limit", "67108864"},
	{"wal_autocheckpoint", "0"}, // the checkpointer does it, outside of the commit
	{"busy_timeout", "5000"},
}

// sqliteConnector opens connections with the settings and checks them.
type sqliteConnector struct {
	path     string
	readOnly bool
}

func (c sqliteConnector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) { return c.open() }

func (c sqliteConnector) open() (*sqlite3.SQLiteConn, error) {
	// The driver caches prepared statements per connection, by text.
	dsn := "file:" + (&url.URL{Path: c.path}).EscapedPath() + "?_busy_timeout=5000&_synchronous=FULL&_foreign_keys=on&_txlock=immediate&_stmt_cache_size=128"
	conn, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	raw := conn.(*sqlite3.SQLiteConn)
	if err := c.prepare(raw); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return raw, nil
}

func (c sqliteConnector) prepare(raw *sqlite3.SQLiteConn) error {
	wanted := settings
	if c.readOnly {
		wanted = append(append([]setting{}, settings...), setting{"query_only", "1"})
	}
	for _, s := range wanted {
		if _, err := raw.Exec("pragma "+s.name+" = "+s.value, nil); err != nil {
			return err
		}
	}
	return checkSettings(raw, wanted)
}

// checkSettings reads the settings back.
func checkSettings(raw *sqlite3.SQLiteConn, wanted []setting) error {
	for _, s := range wanted {
		row, err := rawRow(raw, "pragma "+s.name)
		if err != nil {
			return err
		}
		if got := strings.ToLower(fmt.Sprint(row[0])); got != s.value {
			return fault.New(fault.Internal, "DATABASE_SETTING_REFUSED", "SQLite answers %s = %s where %s is needed.", s.name, got, s.value)
		}
	}
	return nil
}

// rawRow returns the first row of a query on a driver connection.
func rawRow(raw *sqlite3.SQLiteConn, query string) (row []driver.Value, err error) {
	rows, err := raw.Query(query, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := rows.Close(); e != nil && err == nil {
			err = e
		}
	}()
	row = make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("no answer to %s", query)
		}
		return nil, err
	}
	for i, v := range row {
		if b, ok := v.([]byte); ok {
			row[i] = string(b)
		}
	}
	return row, nil
}

// checkBuild refuses a SQLite that is too old or was built without full-text search.
func checkBuild(version int, fts5 bool) error {
	if version < minSQLite {
		return fault.New(fault.FailedPrecondition, "SQLITE_TOO_OLD", "This program was built with SQLite %d; %d or newer is needed.", version, minSQLite)
	}
	if !fts5 {
		return fault.New(fault.FailedPrecondition, "SQLITE_WITHOUT_FTS5",
			`This program was built without full-text search; build it by make (make build, make test), or with GOFLAGS="-buildvcs=false -tags=sqlite_fts5".`)
	}
	return nil
}

// sqliteBackend is one SQLite file: a writer, readers and a checkpointer.
type sqliteBackend struct {
	path       string
	readers    *sql.DB
	writers    *sql.DB
	writer     *writer
	checkpoint *checkpointer
	closing    sync.Once
	closed     error
}

func openSQLite(ctx context.Context, cfg Config) (*DB, error) {
	path := strings.TrimPrefix(cfg.URL, "sqlite:")
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, fault.New(fault.InvalidArgument, "DATABASE_URL_INVALID", "The SQLite URL needs the path of a file.")
	}
	if err := createFile(path); err != nil {
		return nil, fault.New(fault.Unavailable, "DATABASE_UNAVAILABLE", "The database file %s cannot be opened.", path).Because(err)
	}
	t := &texts{engine: SQLite}
	b := &sqliteBackend{path: path, writers: sql.OpenDB(sqliteConnector{path: path}), readers: sql.OpenDB(sqliteConnector{path: path, readOnly: true})}
	b.writers.SetMaxOpenConns(1)
	conns := cfg.MaxConns
	if conns <= 0 {
		conns = 4
	}
	b.readers.SetMaxOpenConns(conns)
	b.readers.SetMaxIdleConns(conns)
	if err := b.start(ctx, cfg, t); err != nil {
		_ = b.close()
		return nil, Fault(err)
	}
	return &DB{engine: SQLite, backend: b, texts: t}, nil
}

func (b *sqliteBackend) start(ctx context.Context, cfg Config, t *texts) error {
	conn, err := b.writers.Conn(ctx)
	if err != nil {
		return err
	}
	var raw *sqlite3.SQLiteConn
	err = conn.Raw(func(c any) error {
		raw = c.(*sqlite3.SQLiteConn)
		row, err := rawRow(raw, "select sqlite_compileoption_used('ENABLE_FTS5')")
		if err != nil {
			return err
		}
		_, version, _ := sqlite3.Version()
		return checkBuild(version, row[0] == int64(1))
	})
	if err != nil {
		return err
	}
	var gate sync.Mutex
	w, err := newWriter(conn, raw, &gate, cfg.Clock, cfg.Logger, t)
	if err != nil {
		return err
	}
	checkpoint, err := newCheckpointer(b.path, &gate, w.stop, cfg.Logger)
	if err != nil {
		return err
	}
	b.writer, b.checkpoint = w, checkpoint
	go w.loop()
	go checkpoint.loop(w.committed)
	return b.readers.PingContext(ctx)
}

// createFile makes the file readable for its owner only, before SQLite makes it readable for all, and its name durable.
func createFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (b *sqliteBackend) write(ctx context.Context, fn func(tx *Tx) error, patient bool) error {
	return b.writer.write(ctx, fn, patient)
}

func (b *sqliteBackend) read(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return b.readers.QueryContext(ctx, query, args...)
}

// ping asks the writer. After a storage failure it writes and removes a row, to see whether the disk takes writes again.
func (b *sqliteBackend) ping(ctx context.Context) error {
	if err := b.readers.PingContext(ctx); err != nil {
		return Fault(err)
	}
	return b.writer.write(ctx, func(tx *Tx) error {
		if !b.writer.degraded.Load() {
			return nil
		}
		if _, err := tx.Exec("insert into schema_migrations (name, applied_at) values ('probe', 0)"); err != nil {
			return err
		}
		_, err := tx.Exec("delete from schema_migrations where name = 'probe'")
		return err
	}, false)
}

func (b *sqliteBackend) walSize() int64 { return fileSize(b.path + "-wal") }

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (b *sqliteBackend) close() error {
	b.closing.Do(func() {
		var errs []error
		if b.writer != nil {
			b.writer.close()
		}
		errs = append(errs, b.readers.Close())
		if b.checkpoint != nil {
			errs = append(errs, b.checkpoint.close())
		}
		if b.writer != nil {
			errs = append(errs, b.writer.conn.Close())
		}
		errs = append(errs, b.writers.Close())
		b.closed = Fault(errors.Join(errs...))
	})
	return b.closed
}

var _ backend = (*sqliteBackend)(nil)

// component names where a line in the log comes from.
func component(l *slog.Logger, path string) *slog.Logger {
	return l.With("component", "db", "database", filepath.Base(path))
}
