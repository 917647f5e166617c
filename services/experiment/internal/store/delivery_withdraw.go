package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// withdraw takes a reading out of the charts. It keeps its place in the order of arrival, and its value and the reason as a correction.
func withdraw(tx *eventlog.Tx, metric string, m domain.Measurement, because string) error {
	_, err := Correct(tx, metric, m.Time, m.SourceKey, func(c *domain.Corrected, _ *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
		return c.Withdraw("Withdrawn, as no event speaks for it any more. "+because, now), nil
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec("update measurements set withdraw_time = $4 where metric = $1 and time = $2 and source_key = $3",
		metric, db.Micros(m.Time), m.SourceKey, db.Micros(tx.Now()))
	return err
}

// reinstate brings withdrawn readings back for which events speak again.
func reinstate(tx *eventlog.Tx, metric string, back []domain.Entry) error {
	if len(back) == 0 {
		return nil
	}
	_, err := Metrics.Update(tx, metric, "", func(m *domain.Metric, _ time.Time) ([]domain.MetricEvent, error) {
		for _, e := range back {
			_, err := tx.Exec("update measurements set withdraw_time = 0, value = $4 where metric = $1 and time = $2 and source_key = $3",
				metric, db.Micros(e.Time), e.SourceKey, e.Value)
			if err != nil {
				return nil, err
			}
		}
		return m.Record(len(back)), nil
	})
	return err
}

// Reading returns one reading of a metric, be it withdrawn, with the values that it had before. Reason: MEASUREMENT_NOT_FOUND.
func Reading(ctx context.Context, q db.Queryer, metric string, at time.Time, sourceKey string) (domain.Corrected, error) {
	found, ok, err := db.One[measurement](ctx, q,
		"select time, source_key, value, ordinal, record_time, withdraw_time from measurements where metric = $1 and time = $2 and source_key = $3",
		metric, db.Micros(at), sourceKey)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "MEASUREMENT_NOT_FOUND", "The metric has no reading of %s with source key %q.", at.UTC().Format(time.RFC3339Nano), sourceKey)
	}
	if err != nil {
		return domain.Corrected{}, err
	}
	reading := domain.Corrected{Measurement: found.domain(), RecordTime: db.Time(found.Recorded), Withdrawn: found.Withdrawn != 0}
	reading.Corrections, err = corrections(ctx, q, metric, reading.Measurement)
	return reading, err
}
