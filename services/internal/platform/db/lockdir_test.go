package db_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Two open files conflict within one process as well, so no second process is needed.
func TestLockDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	unlock, err := db.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.LockDir(dir)
	f := fault.From(err)
	if err == nil || f.Reason != "DATA_DIR_IN_USE" || f.Kind != fault.FailedPrecondition {
		t.Fatalf("the second instance got %v", err)
	}
	for _, part := range []string{dir, fmt.Sprint(os.Getpid())} {
		if !strings.Contains(f.Message, part) {
			t.Errorf("%q does not name %s", f.Message, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q has more than one line", err)
	}
	unlock()
	unlock, err = db.LockDir(dir)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	unlock()

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.LockDir(file); reason(err) != "DATA_DIR_UNUSABLE" {
		t.Errorf("a file as directory: %v", err)
	}
}
