package main

import (
	"database/sql"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

var databases atomic.Int64

// databaseURL is the address of a database of its own for a whole program: empty, which is SQLite in the data directory, or a new one
// on the Postgres server of the tests. The services of one program share it, each with a schema of its own name.
func databaseURL(t *testing.T, engine db.Engine) string {
	t.Helper()
	if engine != db.Postgres {
		return ""
	}
	server := dbtest.Config(t, engine).URL
	conn, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	name := fmt.Sprintf("program_%d", databases.Add(1))
	if _, err := conn.ExecContext(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
