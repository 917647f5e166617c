package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

func saveHoldChecks(tx *eventlog.Tx, e *domain.Experiment) error {
	for _, h := range e.HoldChecks {
		_, err := tx.Exec("insert into hold_checks (experiment, weeks, team, due_date, result) values ($1, $2, $3, $4, $5)"+
			" on conflict (experiment, weeks) do update set due_date = excluded.due_date, result = excluded.result",
			e.Name, h.Weeks, e.Team(), h.DueDate, string(h.Result()))
		if err != nil {
			return err
		}
	}
	return nil
}

type holdCheck struct {
	Experiment string `db:"experiment"`
	Team       string `db:"team"`
	Weeks      int64  `db:"weeks"`
	DueDate    string `db:"due_date"`
	Result     string `db:"result"`
}

// HoldChecks returns the hold checks of a team, or of all with "", experiment by experiment. What has fallen due by today, a
// day YYYY-MM-DD, is due.
func HoldChecks(ctx context.Context, q db.Queryer, team, today string) ([]domain.HoldCheckRecord, error) {
	text, args := "select experiment, team, weeks, due_date, result from hold_checks order by experiment, weeks", []any(nil)
	if team != "" {
		text, args = "select experiment, team, weeks, due_date, result from hold_checks where team = $1 order by experiment, weeks", []any{team}
	}
	found, err := db.All[holdCheck](ctx, q, text, args...)
	if err != nil {
		return nil, err
	}
	records := make([]domain.HoldCheckRecord, len(found))
	for i, h := range found {
		records[i] = domain.HoldCheckRecord{
			Experiment: h.Experiment, Team: h.Team, Weeks: int(h.Weeks), Due: h.DueDate <= today, Result: domain.HoldResult(h.Result),
		}
	}
	return records, nil
}
