package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime/debug"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// statements is what *sql.Conn (SQLite's writer) and *sql.Tx (Postgres) have in common.
type statements interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is one write transaction. It belongs to the function it was given to and to one goroutine.
type Tx struct {
	engine Engine
	ctx    context.Context // the transaction's own, never the caller's: a canceled statement may roll back unseen
	run    statements
	texts  *texts
	now    time.Time
	schema string
	// alive answers whether the engine still has the transaction open; nil where the engine enforces that itself.
	alive func() bool

	failed  *fault.Error // sticky: the first failure of a statement
	ended   bool
	changed bool        // a statement changed a row
	rows    []*sql.Rows // everything handed out, closed at the end
}

// Exec runs a statement and returns how many rows it changed. There is no context on purpose: nothing in a transaction may
// wait on a network or end early.
func (tx *Tx) Exec(query string, args ...any) (rowsAffected int64, err error) {
	text, err := tx.ready(query, args)
	if err != nil {
		return 0, err
	}
	res, err := tx.run.ExecContext(tx.ctx, text, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, tx.fail(err)
	}
	tx.changed = tx.changed || n > 0
	return n, nil
}

// Query runs a statement that returns rows and sees what the transaction wrote. The context is ignored in favour of the
// transaction's own. Close the rows before the next statement: Postgres cannot interleave them. Rows left open are closed
// when the transaction ends.
func (tx *Tx) Query(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	text, err := tx.ready(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := tx.run.QueryContext(tx.ctx, text, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	tx.rows = append(tx.rows, rows)
	return rows, nil
}

// Now is the instant of the transaction: the same at every call, UTC, in whole microseconds as it will be stored.
func (tx *Tx) Now() time.Time { return tx.now }

// Engine returns which engine this is.
func (tx *Tx) Engine() Engine { return tx.engine }

// Lock makes transactions with the same key wait for each other until they end. On SQLite there is one writer anyway, so
// it does nothing. Keys are per service.
func (tx *Tx) Lock(key string) error {
	if tx.engine == SQLite {
		_, err := tx.ready("", nil)
		return err
	}
	_, err := tx.Exec("select pg_advisory_xact_lock($1::bigint)", lockID(tx.schema, key))
	return err
}

// lockID maps a key to Postgres' number for it. Two keys that fall together only wait for each other needlessly.
func lockID(schema, key string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(schema + "\x00" + key))
	return int64(h.Sum64())
}

var errRolledBack = errors.New("the engine rolled the transaction back by itself")

// ready refuses a statement after the transaction's end or first failure. It also asks the engine, because a failure while
// rows were being read shows only in rows that the caller may not have looked at.
func (tx *Tx) ready(query string, args []any) (string, error) {
	switch {
	case tx.ended:
		return "", fault.New(fault.Internal, "TRANSACTION_ENDED", "The transaction has ended.")
	case tx.failed != nil:
		return "", tx.failed
	case tx.alive != nil && !tx.alive():
		return "", tx.fail(tx.readFailure())
	}
	text, err := tx.texts.bind(query, args)
	if err != nil {
		return "", tx.fail(err)
	}
	return text, nil
}

// fail makes err the sticky error.
func (tx *Tx) fail(err error) *fault.Error {
	if tx.failed == nil {
		tx.failed = fault.From(Fault(err))
	}
	return tx.failed
}

// readFailure is why the engine gave up while rows were read.
func (tx *Tx) readFailure() error {
	for _, rows := range tx.rows {
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return errRolledBack
}

// call runs fn and closes what it left open. The result is nil only when fn returned nil and no statement failed.
func (tx *Tx) call(fn func(tx *Tx) error) (err error) {
	returned := false
	defer func() {
		p := recover()
		if !returned {
			// Without a panic it is runtime.Goexit, as by t.FailNow: the goroutine is lost, the transaction must not be.
			if p == nil {
				p = "the function ended its goroutine"
			}
			err = fault.From(fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack()))
		}
		if e := tx.end(); e != nil && err == nil {
			err = e
		}
	}()
	err = fn(tx)
	returned = true
	return err
}

// end closes the rows and returns the first failure of any statement or row.
func (tx *Tx) end() error {
	tx.ended = true
	for _, rows := range tx.rows {
		if err := rows.Err(); err != nil {
			_ = tx.fail(err) // returned below
		}
		if err := rows.Close(); err != nil {
			_ = tx.fail(err) // returned below
		}
	}
	tx.rows = nil
	if tx.failed != nil {
		return tx.failed
	}
	return nil
}
