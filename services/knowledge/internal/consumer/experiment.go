package consumer

import (
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Experiment drafts a learning from a concluded experiment, and takes in what experiments say about claims.
func Experiment(tx *eventlog.Tx, r eventlog.Record) error {
	data, err := r.Message()
	if err != nil {
		return err
	}
	// The evidence comes first, so that a new learning has its grade from the beginning.
	if err := evidence(tx, r, data); err != nil {
		return err
	}
	if concluded, ok := data.(*experimentv1.ExperimentConcluded); ok {
		c := wire.Conclusion(concluded.GetExperiment())
		if c.Settings, err = settings(tx, c.Experiment); err != nil {
			return err
		}
		if err := store.Learn(tx, c.Experiment, func(l *domain.Learning) []domain.Event { return l.Conclude(c, r.Time) }); err != nil {
			return err
		}
	}
	return nil
}

// settings are those of the team of an experiment. Reason: EXPERIMENT_NAME_INVALID.
func settings(tx *eventlog.Tx, experiment string) (domain.Settings, error) {
	fresh, err := domain.New(experiment)
	if err != nil {
		return domain.Settings{}, err
	}
	return store.SettingsOf(tx, fresh.Team)
}
