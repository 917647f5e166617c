package db_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mattn/go-sqlite3"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// After a failed fsync the kernel may have dropped the pages, so nobody knows what the file holds: no write may succeed.
func TestAFailedFsyncEndsWriting(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		later string // how a write afterwards is answered
	}{
		"fsync":      {sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrFsync}, "STORAGE_FAILED"},
		"damaged":    {sqlite3.Error{Code: sqlite3.ErrCorrupt}, "STORAGE_FAILED"},
		"full":       {sqlite3.Error{Code: sqlite3.ErrFull}, ""},
		"one write":  {sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrWrite}, ""},
		"constraint": {sqlite3.Error{Code: sqlite3.ErrConstraint}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Open(t, db.SQLite, stateAndEvent())
			db.Break(d, c.err)
			if err := d.Ping(context.Background()); reason(err) != c.later {
				t.Errorf("Ping answers %v, want %q", err, c.later)
			}
			if err := d.Write(context.Background(), insert("event", "x")); reason(err) != c.later {
				t.Errorf("Write answers %v, want %q", err, c.later)
			}
			if n, want := count(t, d, "event"), map[string]int64{"": 1}[c.later]; n != want {
				t.Errorf("%d rows, want %d", n, want)
			}
		})
	}
}

const childDatabase = "FORTNIGHT_DB_TEST_FILE"

// TestARealFullDisk runs a child process that may not make files longer than a limit, which the kernel answers like a disk
// without space. The limit counts for the whole process, hence the child.
func TestARealFullDisk(t *testing.T) {
	cfg := dbtest.Config(t, db.SQLite)
	cfg.Migrations = stateAndEvent()
	if err := dbtest.Start(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestFullDiskChild$", "-test.v")
	child.Env = append(os.Environ(), childDatabase+"="+strings.TrimPrefix(cfg.URL, "sqlite:"))
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "recovered") {
		t.Fatalf("the child failed: %v\n%s", err, out)
	}
	d := dbtest.Start(t, cfg)
	if states, events := count(t, d, "state"), count(t, d, "event"); states != events || states == 0 {
		t.Errorf("%d states and %d events, want equally many", states, events)
	}
	if check, _, err := db.One[string](context.Background(), d.Read(), "pragma integrity_check"); err != nil || check != "ok" {
		t.Errorf("integrity_check: %s %v", check, err)
	}
}

// TestFullDiskChild is the child's part; in the parent it has nothing to do.
func TestFullDiskChild(t *testing.T) {
	path := os.Getenv(childDatabase)
	if path == "" {
		return
	}
	d := dbtest.Start(t, db.Config{URL: "sqlite:" + filepath.Clean(path), Migrations: stateAndEvent()})
	ctx := context.Background()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	acknowledged, refused := int64(0), error(nil)
	for i := 0; refused == nil && i < 100_000; i++ {
		if refused = writePair(d, fmt.Sprint(i)); refused == nil {
			acknowledged++
		}
	}
	if reason(refused) != "DISK_FULL" || acknowledged == 0 {
		t.Fatalf("after %d writes: %v", acknowledged, refused)
	}
	if err := d.Ping(ctx); reason(err) != "DISK_FULL" {
		t.Errorf("Ping on a full disk answers %v", err)
	}
	if states, events := count(t, d, "state"), count(t, d, "event"); states != acknowledged || events != acknowledged {
		t.Errorf("%d acknowledged, %d states, %d events", acknowledged, states, events)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := d.Ping(ctx); err != nil {
		t.Errorf("Ping after there is space again: %v", err)
	}
	if err := writePair(d, "again"); err != nil {
		t.Errorf("a write after there is space again: %v", err)
	}
	if n := count(t, d, "schema_migrations"); n != 1 {
		t.Errorf("the probe left rows: %d", n)
	}
	fmt.Println("recovered")
}
