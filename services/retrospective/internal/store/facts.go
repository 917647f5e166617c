package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// LastRetrospective is the retrospective that the team, `teams/{team}`, opened last before one that was opened at the given time; nil
// when there is none.
func LastRetrospective(tx *eventlog.Tx, team, retrospective string, opened time.Time) (*domain.Retrospective, error) {
	rows, err := Retrospectives.Select(context.Background(), tx, tx.Log(), "select "+record.Columns+" from retrospectives"+
		" where team = $1 and name <> $2 and create_time <= $3 order by create_time desc, name desc limit 1", teamID(team), retrospective, db.Micros(opened))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Value, nil
}

// maxEarlierActions bounds what is told of earlier actions: enough for every team that does what it agrees on.
const maxEarlierActions = 50

// EarlierActions are the team's open actions, and those of its retrospective before, given by name or empty.
func EarlierActions(tx *eventlog.Tx, team, retrospective, before string) ([]domain.EarlierAction, error) {
	open, err := Actions.Select(context.Background(), tx, tx.Log(), "select "+record.Columns+" from actions"+
		" where team = $1 and state = $2 and parent <> $3 order by sort_key, name limit $4",
		teamID(team), string(domain.ActionStateOpen), retrospective, maxEarlierActions)
	if err != nil {
		return nil, err
	}
	last, err := Actions.All(context.Background(), tx, tx.Log(), before)
	if err != nil {
		return nil, err
	}
	value := func(row record.Row[domain.Action]) *domain.Action { return row.Value }
	return domain.EarlierActions(record.Map(open, value), record.Map(last, value)), nil
}

// GoodDayFact is how the published days of the team, `teams/{team}`, were from the first to the last day; nil when there are none.
func GoodDayFact(tx *eventlog.Tx, team, first, last string) (*domain.GoodDayFact, error) {
	days, err := goodDaysBetween(tx, team, first, last)
	return domain.GoodDayFactOf(days), err
}
