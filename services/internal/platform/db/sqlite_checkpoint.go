package db

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"
)

// The checkpointer copies committed pages from the write-ahead log into the database file, on a connection and goroutine of
// its own, so that no commit waits for it. Copying alone does not keep the log small: the log starts over only when
// everything in it has been copied, and under steady load there is always a newer page. So when the log has grown to
// resetAt, the copying is repeated until little is left, and only for that little does the writer pause.
const (
	// copyAt is how many bytes of uncopied log start a copy.
	copyAt = 4 << 20
	// resetAt is the log's length from which it is reset, pausing the writer.
	resetAt = 32 << 20
	// remainder is how much uncopied log may be left for the pause; a megabyte takes about a millisecond.
	remainder = 1 << 20
	// resetHard is the length from which the writer is paused even for a large remainder: the bound counts more.
	resetHard = 80 << 20
	// alarmAt is the length that is worth a warning: something reads for too long.
	alarmAt = 128 << 20
	// restPeriod is between two looks at the log under load.
	restPeriod = 5 * time.Millisecond
	// blockedPeriod is the first pause after a reader kept the log from being reset; it doubles up to maxBlocked.
	blockedPeriod = 50 * time.Millisecond
	maxBlocked    = time.Second
	// idlePeriod without a write lets the log be truncated.
	idlePeriod = time.Second
	// frame is a page with its header in the log.
	frame = 4096 + 24
)

type checkpointer struct {
	raw    *sqlite3.SQLiteConn
	wal    string
	gate   *sync.Mutex
	broken func(error) // called when an fsync failed
	logger *slog.Logger

	blocked time.Duration // how long to wait because of a reader; 0 = not blocked
	until   time.Time     // no reset is tried before
	alarmed time.Time     // of the last warning

	quit, ended chan struct{}
}

func newCheckpointer(path string, gate *sync.Mutex, broken func(error), logger *slog.Logger) (*checkpointer, error) {
	raw, err := sqliteConnector{path: path}.open()
	if err != nil {
		return nil, err
	}
	// How long a reset waits for readers, while the writer waits for it.
	if _, err := raw.Exec("pragma busy_timeout = 10", nil); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return &checkpointer{
		raw: raw, wal: path + "-wal", gate: gate, broken: broken, logger: component(logger, path),
		quit: make(chan struct{}), ended: make(chan struct{}),
	}, nil
}

// loop looks at the log after commits, and once more when there were none for a while.
func (c *checkpointer) loop(committed <-chan struct{}) {
	defer close(c.ended)
	idle := time.NewTimer(idlePeriod)
	defer idle.Stop()
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-rest.C:
		case <-c.quit:
			return
		}
		select {
		case <-committed:
			c.check(c.tidy())
			idle.Reset(idlePeriod)
		case <-idle.C:
			done, err := c.truncate()
			c.check(err)
			if !done {
				idle.Reset(maxBlocked)
			}
		case <-c.quit:
			return
		}
		rest.Reset(restPeriod)
	}
}

// check logs a failed checkpoint. A full disk passes, and the log is kept until then; a failed fsync does not.
func (c *checkpointer) check(err error) {
	if err == nil {
		return
	}
	var lite sqlite3.Error
	if errors.As(err, &lite) && (lite.ExtendedCode == sqlite3.ErrIoErrFsync || lite.Code == sqlite3.ErrCorrupt) {
		c.broken(err)
		return
	}
	c.warn("checkpoint failed", "error", err)
}

// warn writes at most one line a minute.
func (c *checkpointer) warn(text string, args ...any) {
	if time.Since(c.alarmed) < time.Minute {
		return
	}
	c.alarmed = time.Now()
	c.logger.Warn(text, args...)
}

// tidy copies when there is enough to copy, and resets the log when it has grown long.
func (c *checkpointer) tidy() error {
	length, left, err := c.run("noop")
	if err != nil || left < copyAt && length < resetAt {
		return err
	}
	if time.Now().Before(c.until) {
		return nil
	}
	for range 4 {
		before := length
		if length, left, err = c.run("passive"); err != nil {
			return err
		}
		if length < resetAt {
			return nil
		}
		if length-left < before && length < resetHard {
			c.postpone(length) // not even what was there could be copied: a reader still needs the old pages
			return nil
		}
		if left <= remainder || length >= resetHard {
			break
		}
	}
	if left > remainder && length < resetHard {
		return nil // the writer is faster; go on at the next look
	}
	reset, err := c.paused("restart")
	if err != nil {
		return err
	}
	if !reset {
		c.postpone(length)
		return nil
	}
	c.blocked = 0
	return nil
}

// postpone waits for a reader to finish before the next try.
func (c *checkpointer) postpone(length int64) {
	c.blocked = min(max(2*c.blocked, blockedPeriod), maxBlocked)
	c.until = time.Now().Add(c.blocked)
	if length > alarmAt {
		c.warn("the write-ahead log cannot be reset: something reads for too long", "bytes", length)
	}
}

// truncate empties the log while nobody writes; false means that a reader was in the way.
func (c *checkpointer) truncate() (bool, error) {
	if fileSize(c.wal) == 0 {
		return true, nil
	}
	return c.paused("truncate")
}

// paused runs a checkpoint between two batches of the writer; false means that a reader was in the way.
func (c *checkpointer) paused(mode string) (bool, error) {
	c.gate.Lock()
	defer c.gate.Unlock()
	row, err := rawRow(c.raw, "pragma wal_checkpoint("+mode+")")
	if err != nil {
		return false, err
	}
	return row[0] == int64(0), nil
}

// run returns the log's length and how much of it is not copied yet, in bytes.
func (c *checkpointer) run(mode string) (length, left int64, err error) {
	row, err := rawRow(c.raw, "pragma wal_checkpoint("+mode+")")
	if err != nil {
		return 0, 0, err
	}
	frames, ok1 := row[1].(int64)
	copied, ok2 := row[2].(int64)
	if !ok1 || !ok2 {
		return 0, 0, fmt.Errorf("db: unexpected answer to wal_checkpoint: %v", row)
	}
	if frames < 0 { // no log yet
		return 0, 0, nil
	}
	return frames * frame, (frames - copied) * frame, nil
}

// close ends the goroutine, empties the log and closes the connection. The writer and readers must be closed before.
func (c *checkpointer) close() error {
	close(c.quit)
	<-c.ended
	_, err := c.truncate()
	return errors.Join(err, c.raw.Close())
}
