// Package eventlog keeps what a service has done, for ever and in order: each change and the events that tell of it are
// saved in one transaction, numbered without a hole, and chained by hashes. Everybody who needs the events reads them from
// here; the broker only carries copies.
//
// [Write] is how a request changes something (with its idempotency key), [Log.Do] how a consumer or worker does. Inside,
// [Tx.Append] records events. Outside, [Log.List], [Log.Head] and [Log.Changed] follow the log.
package eventlog

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

//go:embed migrations
var migrations embed.FS

// Migrations holds the platform's tables for both engines: event_log, log_meta, idem, inbox_cursor, quarantine. A service
// passes them to db.Open together with its own, see db.Merge.
var Migrations = sub(migrations, "migrations")

func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err) // only for an invalid name
	}
	return s
}

// Log is the event log of one service. It is safe for concurrent use.
type Log struct {
	db      *db.DB
	source  string
	epoch   string
	pageKey []byte
	// installation is the key of the installation, see WithInstallationKey.
	installation []byte
	clock        func() time.Time
	logger       *slog.Logger

	mu      sync.Mutex
	changed chan struct{}
	replays map[string]func(tx *Tx, r Record) error
	woken   map[string]chan struct{}

	tail   tail       // SQLite: what was appended last
	number sync.Mutex // Postgres: one numbering at a time in this process
}

// Option changes how a log is opened.
type Option func(*Log)

// WithClock sets what tells the time outside of transactions, for the expiry of page tokens and answers.
func WithClock(clock func() time.Time) Option {
	return func(l *Log) {
		if clock != nil {
			l.clock = clock
		}
	}
}

// Open opens the event log in the service's database. source is the service's name, such as "cycle"; logger may be nil.
func Open(ctx context.Context, d *db.DB, source string, logger *slog.Logger, options ...Option) (*Log, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	l := &Log{
		db: d, source: source, clock: time.Now, logger: logger.With("component", "eventlog", "source", source),
		changed: make(chan struct{}), replays: map[string]func(*Tx, Record) error{}, woken: map[string]chan struct{}{},
	}
	for _, o := range options {
		o(l)
	}
	// The epoch is random, not made from the time: its first eight digits stand in every etag.
	epoch, err := uuid.NewRandom()
	if err != nil {
		return nil, fault.From(err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	err = d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("insert into log_meta (id, epoch, page_key, created_at) values (1, $1, $2, $3) on conflict (id) do nothing",
			epoch.String(), hex.EncodeToString(key), db.Micros(tx.Now()))
		return err
	})
	if err != nil {
		return nil, err
	}
	type meta struct {
		Epoch   string `db:"epoch"`
		PageKey string `db:"page_key"`
	}
	m, found, err := db.One[meta](ctx, d.Read(), "select epoch, page_key from log_meta where id = 1")
	if err != nil {
		return nil, err
	}
	if l.pageKey, err = hex.DecodeString(m.PageKey); err != nil || !found || len(l.pageKey) < 32 || len(m.Epoch) < 8 {
		return nil, fault.New(fault.Internal, "EVENT_LOG_DAMAGED", "The event log's own record is missing or unreadable; restore a backup.").Because(err)
	}
	l.epoch = m.Epoch
	return l, nil
}

// Renew gives a restored database a new epoch and a new page key, so that every cursor, etag and page token made before
// is recognised as worthless. Call it after a restore, before Open. It returns the new epoch.
func Renew(ctx context.Context, d *db.DB) (string, error) {
	epoch, err := uuid.NewRandom()
	if err != nil {
		return "", fault.From(err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	err = d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into log_meta (id, epoch, page_key, created_at) values (1, $1, $2, $3)
			on conflict (id) do update set epoch = excluded.epoch, page_key = excluded.page_key`,
			epoch.String(), hex.EncodeToString(key), db.Micros(tx.Now()))
		return err
	})
	return epoch.String(), err
}

// DB returns the service's database.
func (l *Log) DB() *db.DB { return l.db }

// Source returns the service's name.
func (l *Log) Source() string { return l.source }

// Epoch returns the log's epoch, a UUID that changes with every restore.
func (l *Log) Epoch() string { return l.epoch }

// Now returns the current time in UTC by the log's clock. Inside a transaction use the transaction's.
func (l *Log) Now() time.Time { return l.clock().UTC() }

// Sign returns an HMAC-SHA256 of data with the log's secret page key.
func (l *Log) Sign(data []byte) []byte {
	mac := hmac.New(sha256.New, l.pageKey)
	_, _ = mac.Write(data) // never fails
	return mac.Sum(nil)
}

// Changed returns a channel that is closed at the next commit that appended events, or, on Postgres, numbered some. Take
// it before reading the log, so that nothing falls between.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *Log) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

// Tx is a transaction that can append events. It belongs to the function it was given to.
type Tx struct {
	*db.Tx
	log         *Log
	actor       string
	traceparent string
	appended    bool
	values      context.Context
	wake        []string
	gathers     []gathered
}

// Do runs fn in one transaction that no request stands behind, such as a consumer's or a worker's. What db.DB.Write says
// holds here: fn may run again, and must not wait for anything but its own statements.
func (l *Log) Do(ctx context.Context, fn func(tx *Tx) error) error {
	actor, trace := caller.From(ctx).Subject, traceparent(ctx)
	values := context.WithoutCancel(ctx)
	var appended bool
	var wake []string
	err := l.db.Write(ctx, func(inner *db.Tx) error {
		tx := &Tx{Tx: inner, log: l, actor: actor, traceparent: trace, values: values}
		err := fn(tx)
		if err == nil {
			err = tx.finish()
		}
		appended, wake = tx.appended, tx.wake
		return err
	})
	// After an error appended is not looked at: with an unknown outcome the function may still be running.
	if err != nil {
		return err
	}
	if appended {
		l.announce()
	}
	if len(wake) > 0 {
		l.wakeAll(wake)
	}
	return nil
}

// Log returns the log that the transaction belongs to.
func (tx *Tx) Log() *Log { return tx.log }

// traceparent is the W3C header of the trace that ctx belongs to, or "".
func traceparent(ctx context.Context) string {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return ""
	}
	return "00-" + span.TraceID().String() + "-" + span.SpanID().String() + "-" + span.TraceFlags().String()
}

func reasonOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}
