package db

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// LockDir takes the data directory for this process, creating it when missing, and returns how to give it back. A second
// instance is refused with FailedPrecondition DATA_DIR_IN_USE: neither SQLite nor the embedded broker would notice it. The
// kernel drops the lock when the process ends, however it ends.
func LockDir(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, dirFault(dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, dirFault(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.New(fault.FailedPrecondition, "DATA_DIR_IN_USE", "The data directory %s is in use by another instance%s. Stop it first, or choose another directory.", dir, holder(f))
		}
		return nil, dirFault(dir, err)
	}
	// Only for the message to the next one; the lock does not depend on it.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(fmt.Sprintf("%d\n", os.Getpid())), 0)
	}
	return func() { _ = f.Close() }, nil
}

func dirFault(dir string, cause error) error {
	return fault.New(fault.FailedPrecondition, "DATA_DIR_UNUSABLE", "The data directory %s cannot be used.", dir).Because(cause)
}

func holder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 20))
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}
