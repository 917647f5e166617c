package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Move changes the stage of a retrospective as change says, with what belongs to the border of a stage: when VOTE begins, every note is
// in a theme; when it ends, the votes are counted.
func Move(tx *eventlog.Tx, name, etag string, change func(*domain.Retrospective, time.Time) ([]domain.Event, error)) (record.Row[domain.Retrospective], error) {
	before, err := Retrospectives.Hold(tx, name)
	if err != nil {
		return before, err
	}
	row, err := Retrospectives.Update(tx, name, etag, change)
	if err != nil || row.Value.Stage == before.Value.Stage {
		return row, err
	}
	if before.Value.Stage == domain.Vote {
		if err := Tally(tx, name); err != nil {
			return row, err
		}
	}
	if row.Value.Stage == domain.Vote {
		return row, ThemeLoose(tx, name)
	}
	return row, nil
}

// Close ends a retrospective as change says, agrees on its actions, and forgets its ballots.
func Close(tx *eventlog.Tx, name, etag string, change func(r *domain.Retrospective, actions []*domain.Action, now time.Time) ([]domain.Event, error)) (record.Row[domain.Retrospective], error) {
	var none record.Row[domain.Retrospective]
	rows, err := ActionsOf(tx, name)
	if err != nil {
		return none, err
	}
	actions := record.Map(rows, func(row record.Row[domain.Action]) *domain.Action { return row.Value })
	row, err := Retrospectives.Update(tx, name, etag, func(r *domain.Retrospective, now time.Time) ([]domain.Event, error) {
		return change(r, actions, now)
	})
	if err != nil {
		return none, err
	}
	for _, action := range actions {
		_, err := Actions.Update(tx, action.Name, "", func(a *domain.Action, _ time.Time) ([]domain.Event, error) { return a.Agree() })
		if err != nil {
			return none, err
		}
	}
	if err := Tally(tx, name); err != nil {
		return none, err
	}
	return row, EraseBallots(tx, name)
}

// movedAtOnce bounds how many retrospectives the clock looks at in one go.
const movedAtOnce = 100

// DueRetrospectives are the names of retrospectives whose stage the clock ends now, those that wait longest first.
func DueRetrospectives(ctx context.Context, q db.Queryer, now time.Time) ([]string, error) {
	return db.All[string](ctx, q, "select name from retrospectives where sort_key <= $1 order by sort_key, name limit $2", dueText(now), movedAtOnce)
}
