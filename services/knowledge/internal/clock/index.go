package clock

import (
	"context"
	"log/slog"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// Index makes the search index anew when another version has made it, and is done then. What fails is told once and tried again.
func Index(ctx context.Context, log *eventlog.Log, logger *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for failing := false; ; {
		err := store.Rebuild(ctx, log)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if !failing && logger != nil {
			logger.Warn("the search index could not be made anew", "service", log.Source(), "error", err)
		}
		failing = true
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
