package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Ballots reads the ballots of a retrospective; there may be none. Those that were sealed with another key of the installation are lost.
func Ballots(ctx context.Context, q db.Queryer, l *eventlog.Log, retrospective string) (*domain.Ballots, error) {
	ballots := &domain.Ballots{Retrospective: retrospective}
	sealed, found, err := db.One[string](ctx, q, "select doc from ballots where retrospective = $1", retrospective)
	if err != nil || !found {
		return ballots, err
	}
	if !unseal(l.InstallationKey(), retrospective, sealed, ballots) {
		return domain.LostBallots(retrospective), nil
	}
	return ballots, nil
}

// ChangeBallots changes the ballots of a retrospective that the transaction holds, see [record.Collection.Hold]. No event tells of it, and
// no version counts it.
func ChangeBallots(tx *eventlog.Tx, retrospective string, change func(*domain.Ballots) error) error {
	ballots, err := ballotsOf(tx, retrospective)
	if err != nil {
		return err
	}
	if err := change(ballots); err != nil {
		return err
	}
	return saveBallots(tx, ballots)
}

// Tally ends the voting of a retrospective: it counts the votes on its themes, where they are shown when there are enough of them.
func Tally(tx *eventlog.Tx, retrospective string) error {
	ballots, err := ballotsOf(tx, retrospective)
	if err != nil || !ballots.Voting {
		return err
	}
	counts, shown := ballots.Tally()
	if err := saveBallots(tx, ballots); err != nil {
		return err
	}
	return eachTheme(tx, retrospective, "", func(t *domain.Theme) []domain.Event {
		if shown {
			return t.Count(new(counts[t.Name]))
		}
		return t.Count(nil)
	})
}

// EraseBallots forgets who voted and for what. What stays is whether a later voting was not shown.
func EraseBallots(tx *eventlog.Tx, retrospective string) error {
	ballots, err := ballotsOf(tx, retrospective)
	if err != nil {
		return err
	}
	if !ballots.Withheld {
		_, err = tx.Exec("delete from ballots where retrospective = $1", retrospective)
		return err
	}
	return saveBallots(tx, &domain.Ballots{Retrospective: retrospective, Withheld: true})
}

func ballotsOf(tx *eventlog.Tx, retrospective string) (*domain.Ballots, error) {
	return Ballots(context.Background(), tx, tx.Log(), retrospective)
}

func saveBallots(tx *eventlog.Tx, ballots *domain.Ballots) error {
	doc, err := seal(tx.Log().InstallationKey(), ballots.Retrospective, ballots)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into ballots (retrospective, doc) values ($1, $2) on conflict (retrospective) do update set doc = excluded.doc",
		ballots.Retrospective, doc)
	return err
}
