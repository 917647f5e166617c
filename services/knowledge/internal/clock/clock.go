// Package clock does what is due: what nobody asks for, and only a commit or time brings about. Each task looks for the names that it
// is due for by the log's clock, and makes one write with one rule for each.
package clock

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

const (
	// every is how often the tasks look when nothing wakes them; what is due by time is then at most so late.
	every = time.Second
	// putOff is when a name is tried again that a task could not be done for.
	putOff = 10 * time.Second
	// toldAgain is how long the log says nothing more of a task that goes on failing.
	toldAgain = 10 * time.Minute
)

// Task does what is due for one name. What it has done it strikes off with store.Done, in its own transaction.
type Task struct {
	Task store.Task
	Do   func(ctx context.Context, log *eventlog.Log, name string) error
}

// Run does what is due until ctx ends, the tasks beside each other. What fails is put off, told at most every ten minutes, and holds nothing
// else up: neither another name of the task nor another task.
func Run(ctx context.Context, log *eventlog.Log, logger *slog.Logger, tasks ...Task) error {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, task := range tasks {
		group.Go(func() error {
			task.run(ctx, log, logger.With("service", log.Source(), "task", string(task.Task)))
			return nil
		})
	}
	return group.Wait()
}

func (t Task) run(ctx context.Context, log *eventlog.Log, logger *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var told time.Time
	for {
		woken := log.Woken(store.Due) // before looking, so that no commit falls between
		if err := t.all(ctx, log); err != nil && ctx.Err() == nil {
			woken = nil // not at every commit while something is away
			if now := log.Now(); told.IsZero() || now.Sub(told) >= toldAgain {
				told = now
				logger.Warn("what is due could not be done", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-woken:
		}
	}
}

// all does the task for every name that it is due for, the longest due first, and puts off those that it could not be done for.
func (t Task) all(ctx context.Context, log *eventlog.Log) (failed error) {
	for more := true; more && ctx.Err() == nil; {
		names, err := store.DueNow(ctx, log, t.Task)
		if err != nil {
			return err
		}
		more = len(names) == store.DueAtOnce
		var undone []string
		for _, name := range names {
			if err := t.Do(ctx, log, name); err != nil {
				failed, undone = err, append(undone, name)
			}
		}
		if len(undone) == 0 || ctx.Err() != nil {
			continue
		}
		until := log.Now().Add(putOff)
		if err := log.Do(ctx, func(tx *eventlog.Tx) error { return store.PutOff(tx, t.Task, undone, until) }); err != nil {
			return err
		}
	}
	return failed
}
