package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// project keeps the rows that calibration and the summary of hold checks are counted from in step with an experiment.
func project(tx *eventlog.Tx, e *domain.Experiment, event domain.Event) error {
	switch event {
	case domain.EventLocked, domain.EventConcluded, domain.EventAbandoned:
		return saveForecast(tx, e)
	case domain.EventHoldChecksScheduled, domain.EventHoldCheckJudged:
		return saveHoldChecks(tx, e)
	case domain.EventDrafted, domain.EventUpdated, domain.EventAmended, domain.EventStarted, domain.EventJournalImported:
	}
	return nil
}

// projectRestored is project for an experiment that comes out of an archive.
func projectRestored(tx *eventlog.Tx, e *domain.Experiment) error {
	if err := saveForecast(tx, e); err != nil {
		return err
	}
	return saveHoldChecks(tx, e)
}

// saveForecast records where a locked prediction stands. The experiment itself is saved already.
func saveForecast(tx *eventlog.Tx, e *domain.Experiment) error {
	state, ended := e.ForecastState(), ""
	if state == "" {
		return nil
	}
	switch {
	case e.Outcome != nil:
		ended = utcDay(e.Outcome.ConcludeTime)
	case e.Ended(): // abandoned: the last thing that happened to it
		micros, _, err := db.One[int64](noContext, tx, "select update_time from experiments where name = $1", e.Name)
		if err != nil {
			return err
		}
		ended = utcDay(db.Time(micros))
	}
	_, err := tx.Exec("insert into forecasts (experiment, team, confidence, state, end_date) values ($1, $2, $3, $4, $5)"+
		" on conflict (experiment) do update set confidence = excluded.confidence, state = excluded.state, end_date = excluded.end_date",
		e.Name, e.Team(), e.Prediction.ConfidencePercent, string(state), ended)
	return err
}

type forecastCount struct {
	Team    string `db:"team"`
	Month   string `db:"month"`
	Percent int64  `db:"confidence"`
	State   string `db:"state"`
	Count   int64  `db:"n"`
}

// countForecasts counts predictions that are open or ended in a period, by team and month.
const countForecasts = "select team, substr(end_date, 1, 7) as month, confidence, state, count(*) as n from forecasts where (end_date = '' or end_date between $1 and $2)"

// Forecasts counts the locked predictions of a team, or of all with "": those that ended in the span, and those that are open.
func Forecasts(ctx context.Context, q db.Queryer, team string, span domain.Span) ([]domain.ForecastCount, error) {
	if span.Start == "" {
		span.Start = "0000-00-00"
	}
	if span.End == "" {
		span.End = "9999-12-31"
	}
	text, args := countForecasts, []any{span.Start, span.End}
	if team != "" {
		text += " and team = $3"
		args = append(args, team)
	}
	found, err := db.All[forecastCount](ctx, q, text+" group by team, month, confidence, state order by team, month, confidence, state", args...)
	counts := make([]domain.ForecastCount, len(found))
	for i, f := range found {
		counts[i] = domain.ForecastCount{Team: f.Team, Month: f.Month, Percent: int(f.Percent), State: domain.ForecastState(f.State), Count: int(f.Count)}
	}
	return counts, err
}

// utcDay is the day of an instant in UTC.
func utcDay(t time.Time) string { return t.UTC().Format(time.DateOnly) }
