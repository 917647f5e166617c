package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// CycleCame has everything drafted at once that waits for a cycle of a team, `teams/{team}`, to be drafted in.
func CycleCame(tx *eventlog.Tx, team string) error {
	if err := alone(tx); err != nil {
		return err
	}
	offers := team + "/offers/"
	n, err := tx.Exec("update due set at = $1 where task = $2 and substr(name, 1, $3) = $4 and at > $1",
		db.Micros(tx.Log().Now()), string(DraftExperiment), len(offers), offers)
	if n > 0 {
		tx.Wake(Due)
	}
	return err
}

// AdoptionDrafted links an adopted offer with the experiment that was drafted for it.
func AdoptionDrafted(tx *eventlog.Tx, offer, experiment string) error {
	if err := alone(tx); err != nil {
		return err
	}
	_, err := Offers.Update(tx, offer, "", func(o *domain.Offer, _ time.Time) ([]domain.Event, error) {
		return o.Follow(domain.Standing{Experiment: experiment, Learning: o.Learning(), State: domain.Drafted}), nil
	})
	if err != nil {
		return err
	}
	return Done(tx, DraftExperiment, offer)
}

// AdoptionStuck says why no experiment could be drafted for an adopted offer yet. It is tried again after a while.
func AdoptionStuck(tx *eventlog.Tx, offer, problem string, again time.Duration) error {
	if err := alone(tx); err != nil {
		return err
	}
	_, err := Offers.Update(tx, offer, "", func(o *domain.Offer, _ time.Time) ([]domain.Event, error) { return o.Stuck(problem), nil })
	if err != nil {
		return err
	}
	return MakeDue(tx, DraftExperiment, offer, tx.Log().Now().Add(again))
}

// offersOf are all offers of a learning, `learnings/{learning}`, in no order.
func offersOf(ctx context.Context, q db.Queryer, l *eventlog.Log, learning string) ([]record.Row[domain.Offer], error) {
	return Offers.Select(ctx, q, l,
		"select "+record.Columns+" from offers where name in (select offer from offers_of_learning where learning = $1)", learning)
}

// Spread is how a learning, `learnings/{learning}`, has spread.
func Spread(ctx context.Context, l *eventlog.Log, learning string) (domain.Spread, error) {
	rows, err := offersOf(ctx, l.DB().Read(), l, learning)
	return domain.SpreadOf(values(rows)), err
}
