package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

type correction struct {
	Time        int64   `db:"time"`
	SourceKey   string  `db:"source_key"`
	ValueBefore float64 `db:"value_before"`
	Reason      string  `db:"reason"`
	CorrectTime int64   `db:"correct_time"`
}

func (c correction) domain() domain.Correction {
	return domain.Correction{ValueBefore: c.ValueBefore, Reason: c.Reason, CorrectTime: db.Time(c.CorrectTime)}
}

const selectCorrections = "select time, source_key, value_before, reason, correct_time from measurement_corrections where metric = $1"

// corrections are the values that a measurement had before, oldest first.
func corrections(ctx context.Context, q db.Queryer, metric string, m domain.Measurement) ([]domain.Correction, error) {
	found, err := db.All[correction](ctx, q, selectCorrections+" and time = $2 and source_key = $3 order by number",
		metric, db.Micros(m.Time), m.SourceKey)
	before := make([]domain.Correction, len(found))
	for i, c := range found {
		before[i] = c.domain()
	}
	return before, err
}

// withCorrections adds to a page of measurements in time order the values that they had before.
func withCorrections(ctx context.Context, q db.Queryer, metric string, page []domain.Corrected) error {
	if len(page) == 0 {
		return nil
	}
	found, err := db.All[correction](ctx, q, selectCorrections+" and time between $2 and $3 order by time, source_key, number",
		metric, db.Micros(page[0].Time), db.Micros(page[len(page)-1].Time))
	if err != nil {
		return err
	}
	at := make(map[key]int, len(page))
	for i, m := range page {
		at[keyOf(m.Measurement)] = i
	}
	for _, c := range found {
		if i, ok := at[key{c.Time, c.SourceKey}]; ok {
			page[i].Corrections = append(page[i].Corrections, c.domain())
		}
	}
	return nil
}

// Correct lets change correct one measurement of a metric, and keeps the value before. Reason: MEASUREMENT_NOT_FOUND.
func Correct(tx *eventlog.Tx, metric string, at time.Time, sourceKey string,
	change func(c *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error),
) (*domain.Corrected, error) {
	var corrected *domain.Corrected
	_, err := Metrics.Update(tx, metric, "", func(m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
		recorded, err := Reading(noContext, tx, metric, at, sourceKey)
		if err != nil {
			return nil, err
		}
		corrected = &recorded
		events, err := change(corrected, m, now)
		if err != nil || len(events) == 0 {
			return nil, err
		}
		return events, keep(tx, metric, corrected)
	})
	return corrected, err
}

// keep writes the new value and the last correction.
func keep(tx *eventlog.Tx, metric string, c *domain.Corrected) error {
	number := len(c.Corrections)
	last := c.Corrections[number-1]
	_, err := tx.Exec("insert into measurement_corrections (metric, time, source_key, number, value_before, reason, correct_time) values ($1, $2, $3, $4, $5, $6, $7)",
		metric, db.Micros(c.Time), c.SourceKey, number, last.ValueBefore, last.Reason, db.Micros(last.CorrectTime))
	if err != nil {
		return err
	}
	_, err = tx.Exec("update measurements set value = $4 where metric = $1 and time = $2 and source_key = $3",
		metric, db.Micros(c.Time), c.SourceKey, c.Value)
	return err
}
