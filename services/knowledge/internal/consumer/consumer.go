// Package consumer makes learnings of what other services tell. Both functions may be given the same event again, and each other's
// events in any order: what a learning says in the end is the same.
package consumer

import (
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Experiment drafts a learning from a concluded experiment.
func Experiment(tx *eventlog.Tx, r eventlog.Record) error {
	data, err := r.Message()
	if err != nil {
		return err
	}
	concluded, ok := data.(*experimentv1.ExperimentConcluded)
	if !ok {
		return nil
	}
	c := wire.Conclusion(concluded.GetExperiment())
	return store.Learn(tx, c.Experiment, func(l *domain.Learning) []domain.Event { return l.Conclude(c, r.Time) })
}

// Retrospective publishes what a closed retrospective has distilled.
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
		if err := store.Learn(tx, d.Experiment, func(l *domain.Learning) []domain.Event { return l.Distil(d, r.Time) }); err != nil {
			return err
		}
	}
	return nil
}
