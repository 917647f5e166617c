package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// maxWait is how long a caller waits for its write at most.
	maxWait = 5 * time.Second
	// maxBatch and maxBatchTime bound a batch, so that the first request in it does not wait for the last of many.
	maxBatch     = 256
	maxBatchTime = 5 * time.Millisecond
	// queueLength bounds the memory of waiting requests; when it is full, callers wait to queue.
	queueLength = 1024
	// slowWrite is from when a single request is worth a line in the log: everybody else waited for it.
	slowWrite = 250 * time.Millisecond
)

// The life of a request: whoever moves it out of queued decides whether it runs.
const (
	queued int32 = iota
	started
	withdrawn
)

type request struct {
	fn    func(tx *Tx) error
	state atomic.Int32
	done  chan error // holds the one answer, so that the writer never waits for a caller who left
	err   error      // the request's own failure, while its batch is open
}

// writer owns the one connection that writes. Its goroutine takes whatever queued while the last commit was on its way to
// the disk and commits it together, so that one fsync serves many requests and there is no timer to wait for.
type writer struct {
	conn   *sql.Conn
	raw    *sqlite3.SQLiteConn // the connection under conn, for statements of the writer's own
	gate   *sync.Mutex         // held during a batch; the checkpointer takes it to reset the log
	clock  func() time.Time
	logger *slog.Logger
	texts  *texts
	cap    time.Duration // maxWait, shorter in a test

	begin, commit, rollback, savepoint, release, undo driver.Stmt

	queue     chan *request
	closing   chan struct{} // closed when no more requests are taken
	closeOnce sync.Once
	stopped   chan struct{} // closed when the goroutine has answered the last request
	committed chan struct{} // tells the checkpointer that the log grew

	// degraded is set by a storage failure and cleared by the next change that reached the disk.
	degraded atomic.Bool
	// dead, once set, answers every write: after a failed fsync nobody knows what is on disk.
	dead atomic.Pointer[fault.Error]

	// The open batch; only the goroutine touches it.
	batch   []*request
	current *request
	changed bool
}

func newWriter(conn *sql.Conn, raw *sqlite3.SQLiteConn, gate *sync.Mutex, clock func() time.Time, logger *slog.Logger, t *texts) (*writer, error) {
	w := &writer{
		conn: conn, raw: raw, gate: gate, clock: clock, logger: component(logger, raw.GetFilename("main")), texts: t, cap: maxWait,
		queue:   make(chan *request, queueLength),
		closing: make(chan struct{}), stopped: make(chan struct{}), committed: make(chan struct{}, 1),
	}
	for _, s := range []struct {
		stmt *driver.Stmt
		text string
	}{
		{&w.begin, "begin immediate"},
		{&w.commit, "commit"},
		{&w.rollback, "rollback"},
		{&w.savepoint, "savepoint request"},
		{&w.release, "release request"},
		{&w.undo, "rollback to request"},
	} {
		var err error
		if *s.stmt, err = raw.Prepare(s.text); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// write queues fn and waits for its answer.
func (w *writer) write(ctx context.Context, fn func(tx *Tx) error, patient bool) error {
	if dead := w.dead.Load(); dead != nil {
		return dead
	}
	if err := ctx.Err(); err != nil {
		return notStarted(err)
	}
	r := &request{fn: fn, done: make(chan error, 1)}
	var expired <-chan time.Time
	if !patient {
		timer := time.NewTimer(w.cap)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-w.closing:
		return errClosed()
	default:
	}
	select {
	case w.queue <- r:
	case <-w.closing:
		return errClosed()
	case <-ctx.Done():
		return notStarted(ctx.Err())
	case <-expired:
		return notStarted(errors.New("the write queue is full"))
	}
	canceled := ctx.Done()
	for {
		select {
		case err := <-r.done:
			return err
		case <-canceled:
			if r.state.CompareAndSwap(queued, withdrawn) {
				return notStarted(ctx.Err())
			}
			canceled = nil // it runs: wait for what comes of it
		case <-expired:
			if r.state.CompareAndSwap(queued, withdrawn) {
				return notStarted(errors.New("the write queue is slow"))
			}
			return outcomeUnknown(errors.New("the write is still running"))
		case <-w.stopped:
			if r.state.CompareAndSwap(queued, withdrawn) {
				return errClosed()
			}
			return <-r.done // started before the stop, so the answer is there
		}
	}
}

func notStarted(cause error) error {
	return fault.New(fault.Unavailable, "WRITE_NOT_STARTED", "The request ended before its turn to write; nothing was changed.").Because(cause)
}

func outcomeUnknown(cause error) error {
	return fault.New(fault.Unavailable, "OUTCOME_UNKNOWN", "It is not known whether the change was saved; read it again, or repeat it with the same request id.").Because(cause)
}

func errClosed() error {
	return fault.New(fault.Unavailable, "DATABASE_CLOSED", "The database is shutting down; try again.")
}

// close takes no more requests, waits until the queued ones are answered and the goroutine has ended.
func (w *writer) close() {
	w.closeOnce.Do(func() { close(w.closing) })
	<-w.stopped
}

// stop makes every later write fail: what the disk holds is no longer known.
func (w *writer) stop(cause error) {
	f := fault.New(fault.Unavailable, "STORAGE_FAILED", "The disk failed while saving; the service must be restarted.").Because(cause)
	if w.dead.CompareAndSwap(nil, f) {
		w.logger.Error("writing stopped: the disk failed while saving", "error", cause)
	}
}

// loop is the writing goroutine.
func (w *writer) loop() {
	ended := false
	defer func() {
		if ended {
			close(w.stopped)
			return
		}
		// A function of a request ended this goroutine (runtime.Goexit, as by t.FailNow): go on in a new one.
		go w.loop()
	}()
	for {
		select {
		case r := <-w.queue:
			w.serve(r)
			continue
		default:
		}
		select {
		case r := <-w.queue:
			w.serve(r)
		case <-w.closing:
			// What queued before closing is still served.
			for {
				select {
				case r := <-w.queue:
					w.serve(r)
					continue
				default:
				}
				break
			}
			ended = true
			return
		}
	}
}

// abandon undoes the open batch, whose current request ended the goroutine, and answers everybody in it.
func (w *writer) abandon() {
	w.current.err = fault.From(errors.New("db: the function of a write ended its goroutine"))
	w.batch = append(w.batch, w.current)
	w.current = nil
	w.fail(busy())
}

// serve runs one batch, beginning with first.
func (w *writer) serve(first *request) {
	w.gate.Lock()
	defer w.gate.Unlock()
	defer func() {
		if w.current != nil {
			w.abandon()
		}
	}()
	w.run(first, maxBatch)
	select {
	case w.committed <- struct{}{}:
	default:
	}
}

// run begins, runs up to limit requests and commits.
func (w *writer) run(first *request, limit int) {
	if dead := w.dead.Load(); dead != nil {
		if first.state.CompareAndSwap(queued, started) {
			first.done <- dead
		}
		return
	}
	if _, err := w.begin.Exec(nil); err != nil {
		if first.state.CompareAndSwap(queued, started) {
			first.done <- w.storage(err)
		}
		return
	}
	w.changed = false
	begun := time.Now()
	for r := first; r != nil; {
		if r.state.CompareAndSwap(queued, started) {
			if err := w.request(r); err != nil {
				w.fail(err)
				return
			}
		}
		r = nil
		if len(w.batch) < limit && time.Since(begun) < maxBatchTime {
			select {
			case r = <-w.queue:
			default:
			}
		}
	}
	w.finish()
}

// request runs one request in its savepoint. An error means that the whole batch is lost.
func (w *writer) request(r *request) error {
	begun := time.Now()
	if _, err := w.savepoint.Exec(nil); err != nil {
		return err
	}
	w.current = r
	tx := Tx{
		engine: SQLite, ctx: context.Background(), run: w.conn, texts: w.texts, alive: w.inTransaction,
		now: w.clock().UTC().Truncate(time.Microsecond),
	}
	r.err = tx.call(r.fn)
	w.current = nil
	w.batch = append(w.batch, r)
	if took := time.Since(begun); took > slowWrite {
		w.logger.Warn("a slow write held up all others", "took", took)
	}
	if !w.inTransaction() {
		if tx.failed != nil {
			return tx.failed
		}
		return errRolledBack
	}
	if r.err != nil {
		if tx.failed != nil {
			_ = w.storage(tx.failed)
		}
		if _, err := w.undo.Exec(nil); err != nil {
			return err
		}
	} else if tx.changed {
		w.changed = true
	}
	_, err := w.release.Exec(nil)
	return err
}

func (w *writer) inTransaction() bool { return !w.raw.AutoCommit() }

// finish commits the batch and answers it.
func (w *writer) finish() {
	if _, err := w.commit.Exec(nil); err != nil {
		var lite sqlite3.Error
		if errors.As(err, &lite) && lite.Code == sqlite3.ErrConstraint && len(w.batch) > 1 {
			w.separate()
			return
		}
		answer := w.storage(err)
		if fault.From(answer).Reason == "STORAGE_FAILED" {
			// The commit may stand in the log complete, only not known to be on disk; recovery after a crash would find it.
			answer = outcomeUnknown(err)
		}
		w.fail(answer)
		return
	}
	if w.changed {
		w.degraded.Store(false)
	}
	for _, r := range w.batch {
		r.done <- r.err
	}
	w.batch = w.batch[:0]
}

// separate runs the requests of a batch again, each alone: a constraint that is checked at commit does not say whose
// fault it is, and the others must not suffer.
func (w *writer) separate() {
	again := append([]*request(nil), w.batch...)
	w.batch = w.batch[:0]
	if err := w.end(); err != nil {
		w.batch = again
		w.fail(err)
		return
	}
	for _, r := range again {
		if r.err != nil {
			r.done <- r.err
			continue
		}
		r.state.Store(queued)
		w.run(r, 1)
	}
}

// fail undoes the batch and answers every request in it: with its own error where it has one, else with err.
func (w *writer) fail(err error) {
	answer := w.storage(err)
	if e := w.end(); e != nil {
		w.stop(e)
	}
	for _, r := range w.batch {
		if r.err == nil {
			r.err = answer
		}
		r.done <- r.err
	}
	w.batch = w.batch[:0]
}

// end rolls back if there is still something to roll back.
func (w *writer) end() error {
	if !w.inTransaction() {
		return nil
	}
	_, err := w.rollback.Exec(nil)
	return err
}

// storage classifies a failure that hit the whole batch and draws the consequences for later writes.
func (w *writer) storage(err error) error {
	var lite sqlite3.Error
	if errors.As(err, &lite) {
		switch {
		case lite.ExtendedCode == sqlite3.ErrIoErrFsync, lite.ExtendedCode == sqlite3.ErrIoErrDirFsync,
			lite.Code == sqlite3.ErrCorrupt, lite.Code == sqlite3.ErrNotADB:
			w.stop(err)
		}
	}
	f := Fault(err)
	switch fault.From(f).Reason {
	case "DISK_FULL", "STORAGE_FAILED":
		w.degraded.Store(true)
	}
	return f
}
