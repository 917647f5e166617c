package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Fault turns an error of database/sql or a driver into a fault; a fault in the chain stays what it is, nil stays nil.
// Only code that uses *sql.Rows itself needs it: everything else in this package returns faults already.
//
// Reasons: DISK_FULL (ResourceExhausted), ALREADY_EXISTS (AlreadyExists), DATABASE_BUSY, DATABASE_UNAVAILABLE,
// STORAGE_FAILED, QUERY_CANCELED (Unavailable), DATABASE_DAMAGED and INTERNAL (Internal).
func Fault(err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	if f = classify(err); f != nil {
		return f.Because(err)
	}
	return fault.From(err)
}

func classify(err error) *fault.Error {
	var lite sqlite3.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &lite):
		return classifySQLite(lite)
	case errors.As(err, &pg):
		return classifyPostgres(pg.Code)
	case errors.Is(err, errRolledBack):
		return storageFailed()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "QUERY_CANCELED", "The request ended before the database answered.")
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return unavailable()
	}
	return nil
}

func classifySQLite(e sqlite3.Error) *fault.Error {
	switch e.Code {
	case sqlite3.ErrFull:
		return diskFull()
	case sqlite3.ErrIoErr, sqlite3.ErrCantOpen:
		switch e.SystemErrno {
		case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
			return diskFull()
		}
		return storageFailed()
	case sqlite3.ErrReadonly, sqlite3.ErrNomem:
		return storageFailed()
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return busy()
	case sqlite3.ErrInterrupt:
		return fault.New(fault.Unavailable, "QUERY_CANCELED", "The request ended before the database answered.")
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fault.New(fault.Internal, "DATABASE_DAMAGED", "The database file is damaged; restore a backup.")
	case sqlite3.ErrConstraint:
		switch e.ExtendedCode {
		case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintRowID:
			return alreadyExists()
		}
	}
	return nil
}

// classifyPostgres goes by SQLSTATE (Postgres manual, appendix A).
func classifyPostgres(code string) *fault.Error {
	switch {
	case code == "23505":
		return alreadyExists()
	case code == "53100":
		return diskFull()
	case code == "40001", code == "40P01", code == "55P03":
		return busy()
	case code == "57014":
		return fault.New(fault.Unavailable, "QUERY_CANCELED", "The request ended before the database answered.")
	case code == "58030": // io_error
		return storageFailed()
	case code == "XX001", code == "XX002":
		return fault.New(fault.Internal, "DATABASE_DAMAGED", "The database is damaged; restore a backup.")
	case code == "25006", strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"):
		return unavailable()
	}
	return nil
}

func alreadyExists() *fault.Error {
	return fault.New(fault.AlreadyExists, "ALREADY_EXISTS", "It exists already.")
}

func diskFull() *fault.Error {
	return fault.New(fault.ResourceExhausted, "DISK_FULL", "The disk is full; nothing was saved. Reading still works.")
}

func storageFailed() *fault.Error {
	return fault.New(fault.Unavailable, "STORAGE_FAILED", "The disk refused a read or write; nothing was saved.")
}

func busy() *fault.Error {
	return fault.New(fault.Unavailable, "DATABASE_BUSY", "The database is busy; try again.")
}

func unavailable() *fault.Error {
	return fault.New(fault.Unavailable, "DATABASE_UNAVAILABLE", "The database cannot be reached; try again.")
}
