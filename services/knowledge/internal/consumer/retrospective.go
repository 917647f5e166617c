package consumer

import (
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Retrospective takes in what a closed retrospective has distilled.
func Retrospective(tx *eventlog.Tx, r eventlog.Record) error {
	data, err := r.Message()
	if err != nil {
		return err
	}
	closed, ok := data.(*retrospectivev1.RetrospectiveClosed)
	if !ok {
		return nil
	}
	for _, d := range wire.Distillates(closed.GetRetrospective()) {
		if d.Settings, err = settings(tx, d.Experiment); err != nil {
			return err
		}
		if err := store.Learn(tx, d.Experiment, func(l *domain.Learning) []domain.Event { return l.Distil(d, r.Time) }); err != nil {
			return err
		}
	}
	return nil
}
