package store

import (
	"context"
	"math"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// askEvery is after how many rows it is looked whether the caller has gone.
const askEvery = 4096

// Points returns the readings of a metric in a stretch of time, in the order of charts. What only their source tells is left out.
func Points(ctx context.Context, l *eventlog.Log, metric string, w domain.Window) ([]domain.Measurement, error) {
	return points(ctx, l.DB().Read(), metric, w, math.MaxInt64)
}

// points reads the first rows in the order of the primary key, so that nothing is sorted. The driver of SQLite starts a goroutine for
// each row of a query that can be cancelled, which costs more than the row; so the context is asked here.
func points(ctx context.Context, q db.Queryer, metric string, w domain.Window, limit int64) (list []domain.Measurement, err error) {
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !w.From.IsZero() {
		from = db.Micros(w.From)
	}
	if !w.To.IsZero() {
		to = db.Micros(w.To)
	}
	rows, err := q.Query(context.WithoutCancel(ctx),
		"select time, value from measurements where metric = $1 and time >= $2 and time < $3 order by time, source_key limit $4", metric, from, to, limit)
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
