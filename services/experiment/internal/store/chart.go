package store

import (
	"context"
	"math"
	"slices"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// askEvery is after how many rows it is looked whether the caller has gone.
const askEvery = 4096

// inStretch are the readings of a metric in a stretch of time that stand.
const inStretch = " from measurements where metric = $1 and time >= $2 and time < $3 and withdraw_time = 0"

// First returns the first n readings of a metric in a stretch of time, in the order of charts. What only their source tells is left
// out, as in all points.
func First(ctx context.Context, q db.Queryer, metric string, w domain.Window, n int) ([]domain.Measurement, error) {
	return points(ctx, q, "select time, value"+inStretch+" order by time, source_key limit $4", metric, w, n)
}

// Latest returns the last n readings of a stretch of time, in the order of charts, and how many come before them in it.
func Latest(ctx context.Context, q db.Queryer, metric string, w domain.Window, n int) (list []domain.Measurement, before int, err error) {
	list, err = points(ctx, q, "select time, value"+inStretch+" order by time desc, source_key desc limit $4", metric, w, n+1)
	slices.Reverse(list)
	if err != nil || len(list) <= n {
		return list, 0, err
	}
	from, to := bounds(w)
	all, _, err := db.One[int64](ctx, q, "select count(*)"+inStretch, metric, from, to)
	return list[1:], int(all) - n, err
}

func bounds(w domain.Window) (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if !w.From.IsZero() {
		from = db.Micros(w.From)
	}
	if !w.To.IsZero() {
		to = db.Micros(w.To)
	}
	return from, to
}

// points reads rows in the order of the primary key, so that nothing is sorted. The driver of SQLite starts a goroutine for
// each row of a query that can be cancelled, which costs more than the row; so the context is asked here.
func points(ctx context.Context, q db.Queryer, query, metric string, w domain.Window, limit int) (list []domain.Measurement, err error) {
	from, to := bounds(w)
	rows, err := q.Query(context.WithoutCancel(ctx), query, metric, from, to, limit)
	if err != nil {
		return nil, db.Fault(err)
	}
	defer func() { _ = rows.Close() }()
	var at int64
	var value float64
	into := []any{&at, &value}
	for rows.Next() {
		if len(list)%askEvery == 0 && ctx.Err() != nil {
			return nil, db.Fault(ctx.Err())
		}
		if err := rows.Scan(into...); err != nil {
			return nil, db.Fault(err)
		}
		list = append(list, domain.Measurement{Time: db.Time(at), Value: value})
	}
	if err := rows.Err(); err != nil {
		return nil, db.Fault(err)
	}
	return list, nil
}
