package rpc

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// looking reads what a rule has to know of the readings of an experiment's metric.
type looking func(ctx context.Context, q db.Queryer, e *domain.Experiment, now time.Time) ([]domain.Reading, error)

// evidence are readings that were read before a transaction, so that it is short however many they are.
type evidence struct {
	look     looking
	metric   string
	version  int64 // of the metric: whatever comes to it or is corrected in it makes another one
	start    time.Time
	checks   int // scheduled hold checks: what they look at follows from them
	readings []domain.Reading
}

// evidence reads ahead. What cannot be read now is left to the transaction, which tells why.
func (s *Server) evidence(ctx context.Context, name string, look looking) evidence {
	ahead := evidence{look: look}
	e, err := store.Experiments.Get(ctx, s.log, name)
	if err != nil {
		return ahead
	}
	metric, err := store.Metrics.Get(ctx, s.log, e.Value.Prediction.Metric)
	if err != nil {
		return ahead
	}
	readings, err := look(ctx, s.log.DB().Read(), e.Value, s.log.Now())
	if err != nil {
		return ahead
	}
	return evidence{look, metric.Value.Name, metric.Version, e.Value.StartTime, len(e.Value.HoldChecks), readings}
}

// in are the readings as they are inside the transaction. They are read again only when something has come to the metric since.
func (a evidence) in(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Reading, error) {
	metric, found, err := store.Metrics.Find(tx, e.Prediction.Metric)
	if err != nil || !found {
		return nil, err
	}
	if metric.Value.Name == a.metric && metric.Version == a.version && e.StartTime.Equal(a.start) && len(e.HoldChecks) == a.checks {
		return a.readings, nil
	}
	return a.look(context.Background(), tx, e, now)
}
