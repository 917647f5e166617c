package clock

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// Offers are the tasks that carry learnings to teams. Each is one transaction that strikes off what it has done, so that it may end
// anywhere: what was not committed is done again, and what was is not.
func Offers() []Task {
	return []Task{
		{Task: store.WithdrawOffers, Do: inOne(store.TakeBackOffers)},
		{Task: store.CloseOffer, Do: inOne(store.EndOffer)},
		{Task: store.OfferLearning, Do: inOne(store.MakeOffers)},
		{Task: store.OpenOffers, Do: inOne(store.FillOffers)},
	}
}

// inOne does a task in one transaction.
func inOne(do func(tx *eventlog.Tx, name string) error) func(context.Context, *eventlog.Log, string) error {
	return func(ctx context.Context, log *eventlog.Log, name string) error {
		return log.Do(ctx, func(tx *eventlog.Tx) error { return do(tx, name) })
	}
}
