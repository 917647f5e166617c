// Package clock does what is due: what nobody asks for, and only time brings about. Each task looks for rows whose time has come by the
// log's clock, and makes one write with one rule for each.
package clock

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// every is how often the tasks look; what is due is then at most so late.
const every = time.Second

// Task does what is due.
type Task struct {
	name string
	do   func(ctx context.Context, log *eventlog.Log) error
}

var tasks = []Task{
	{"end stages", endStages},
}

// Run does what is due until ctx ends, the further tasks too, which need more than the log. A task that fails is told once and tried again.
func Run(ctx context.Context, log *eventlog.Log, logger *slog.Logger, further ...Task) error {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := map[string]bool{}
	all := slices.Concat(tasks, further)
	for {
		for _, task := range all {
			err := task.do(ctx, log)
			if err != nil && ctx.Err() == nil && !failing[task.name] {
				logger.Warn("what is due could not be done", "service", log.Source(), "task", task.name, "error", err)
			}
			failing[task.name] = err != nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
