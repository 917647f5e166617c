package store

import (
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// forceOrder sorts as time does, for the years 1 to 9999.
const forceOrder = "2006-01-02T15:04:05.000000"

// Baselines of the metrics, in the order in which they come into force.
var Baselines = &record.Collection[domain.FrozenBaseline, struct{}]{
	Table: "baselines", Type: "baseline", Noun: "baseline",
	Key: func(b *domain.FrozenBaseline) record.Key {
		return record.Key{
			Name: b.Name, Parent: domain.ParentOf(b.Name), Team: domain.TeamOf(b.Name), SortKey: b.From.UTC().Format(forceOrder),
		}
	},
	Data: wire.BaselineFrozen,
}

// Freeze lets decide make a baseline of the first wanted readings of a stretch. Until the transaction ends, nothing is recorded or
// corrected, and no other baseline frozen. Reasons: METRIC_NOT_FOUND, BASELINE_ALREADY_EXISTS.
func Freeze(tx *eventlog.Tx, metric string, w domain.Window, wanted int,
	decide func(m *domain.Metric, before []domain.Baseline, readings []domain.Measurement, now time.Time) (*domain.FrozenBaseline, error),
) (record.Row[domain.FrozenBaseline], error) {
	none := record.Row[domain.FrozenBaseline]{}
	m, err := Metrics.Hold(tx, metric)
	if err != nil {
		return none, err
	}
	before, err := Baselines.All(noContext, tx, tx.Log(), metric)
	if err != nil {
		return none, err
	}
	readings, err := First(noContext, tx, metric, w, wanted)
	if err != nil {
		return none, err
	}
	frozen, err := decide(m.Value, Plain(before), readings, tx.Now())
	if err != nil {
		return none, err
	}
	return Baselines.Create(tx, frozen, struct{}{})
}

// Decided returns the baselines with the decisions behind them.
func Decided(rows []record.Row[domain.FrozenBaseline]) []domain.FrozenBaseline {
	decided := make([]domain.FrozenBaseline, len(rows))
	for i, row := range rows {
		decided[i] = *row.Value
	}
	return decided
}

// Plain returns the baselines without the decisions behind them.
func Plain(rows []record.Row[domain.FrozenBaseline]) []domain.Baseline {
	plain := make([]domain.Baseline, len(rows))
	for i, row := range rows {
		plain[i] = row.Value.Baseline
	}
	return plain
}
