package clock

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

// endStages moves every retrospective on whose stage's time is up, each in a transaction of its own: one that cannot be moved is tried
// again, and holds no other up.
func endStages(ctx context.Context, log *eventlog.Log) error {
	due, err := store.DueRetrospectives(ctx, log.DB().Read(), log.Now())
	if err != nil {
		return err
	}
	var failed error
	for _, name := range due {
		err := log.Do(ctx, func(tx *eventlog.Tx) error {
			_, err := store.Move(tx, name, "", (*domain.Retrospective).MoveByTime)
			return err
		})
		if err != nil {
			failed = err
		}
	}
	return failed
}
