package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// noDay comes behind every day: actions without a due date are listed last.
const noDay = "~"

// Actions of the retrospectives, by due date.
var Actions = &record.Collection[domain.Action, domain.Event]{
	Table: "actions", Type: "action", Noun: "action",
	Key: func(a *domain.Action) record.Key {
		day := a.DueDate
		if day == "" {
			day = noDay
		}
		return key(a.Name, 5, string(a.State), day)
	},
	Data: wire.ActionEvent,
}

// CountActions is how many actions the retrospective has in any state.
func CountActions(tx *eventlog.Tx, retrospective string) (int, error) {
	count, _, err := db.One[int](context.Background(), tx, "select count(*) from actions where parent = $1", retrospective)
	return count, err
}

// ActionsOf lists the actions of a retrospective in any state, by due date. Nobody else changes or adds one until the transaction ends.
// Reason: RETROSPECTIVE_NOT_FOUND.
func ActionsOf(tx *eventlog.Tx, retrospective string) ([]record.Row[domain.Action], error) {
	if _, err := Retrospectives.Hold(tx, retrospective); err != nil {
		return nil, err
	}
	return Actions.All(context.Background(), tx, tx.Log(), retrospective)
}

// UpdateAction is Actions.Update, after the retrospective is held: one that closes meanwhile agrees on what it has looked at.
func UpdateAction(tx *eventlog.Tx, name, etag string, change func(*domain.Action, time.Time) ([]domain.Event, error)) (record.Row[domain.Action], error) {
	row, err := Actions.Must(tx, name)
	if err != nil {
		return row, err
	}
	if _, err := Retrospectives.Hold(tx, row.Value.Retrospective()); err != nil {
		return row, err
	}
	return Actions.Update(tx, name, etag, change)
}
