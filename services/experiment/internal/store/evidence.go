package store

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// What is read of a metric for a verdict: the readings that stand, of a stretch that is known before.
const (
	selectReadings = "select time, source_key, value, ordinal from measurements where metric = $1 and withdraw_time = 0"
	inOrder        = " order by time, source_key"
)

// ReadingsUntil returns the newest readings of a metric up to an instant, in the order of charts: as many as a baseline has at most.
func ReadingsUntil(ctx context.Context, q db.Queryer, metric string, until time.Time) ([]domain.Reading, error) {
	return newest(ctx, q, " and time <= $2", metric, db.Micros(until))
}

// Evidence returns the readings that a verdict can rest on, of an experiment that started at start after so many readings had arrived:
// the results; of those that were taken before the start and had arrived by it as many as a baseline has at most; and of those that
// arrived later as many, or all of them when no result was taken by now, because they are the results then.
func Evidence(ctx context.Context, q db.Queryer, metric string, start time.Time, arrived int64, now time.Time) ([]domain.Reading, error) {
	at := db.Micros(start)
	results, err := readings(ctx, q, selectReadings+" and time >= $2 and ordinal > $3"+inOrder, metric, at, arrived)
	if err != nil {
		return nil, err
	}
	known, err := newest(ctx, q, " and time < $2 and ordinal <= $3", metric, at, arrived)
	if err != nil {
		return nil, err
	}
	var late []domain.Reading
	if slices.ContainsFunc(results, func(r domain.Reading) bool { return !r.Time.After(domain.TakenUntil(now)) }) {
		late, err = newest(ctx, q, " and time < $2 and ordinal > $3", metric, at, arrived)
	} else {
		late, err = readings(ctx, q, selectReadings+" and time < $2 and ordinal > $3"+inOrder, metric, at, arrived)
	}
	return slices.Concat(known, late, results), err
}

// ReadingsIn returns the readings of a metric in a stretch of time, in the order of charts.
func ReadingsIn(ctx context.Context, q db.Queryer, metric string, w domain.Window) ([]domain.Reading, error) {
	from, to := bounds(w)
	return readings(ctx, q, selectReadings+" and time >= $2 and time < $3"+inOrder, metric, from, to)
}

func newest(ctx context.Context, q db.Queryer, where string, args ...any) ([]domain.Reading, error) {
	args = append(args, domain.MaxBaseline)
	list, err := readings(ctx, q, selectReadings+where+" order by time desc, source_key desc limit $"+strconv.Itoa(len(args)), args...)
	slices.Reverse(list)
	return list, err
}

func readings(ctx context.Context, q db.Queryer, query string, args ...any) ([]domain.Reading, error) {
	found, err := db.All[measurement](ctx, q, query, args...)
	if err != nil {
		return nil, err
	}
	list := make([]domain.Reading, len(found))
	for i, m := range found {
		list[i] = domain.Reading{Measurement: m.domain(), Ordinal: m.Ordinal}
	}
	return list, nil
}
