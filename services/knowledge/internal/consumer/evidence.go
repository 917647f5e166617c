package consumer

import (
	"google.golang.org/protobuf/proto"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// evidence takes in how an experiment stands: what it says about claims, and how far its adoption is. Every event of an experiment holds
// the whole of it.
func evidence(tx *eventlog.Tx, r eventlog.Record, data proto.Message) error {
	told, ok := data.(interface {
		GetExperiment() *experimentv1.Experiment
	})
	if !ok {
		return nil
	}
	return store.Follow(tx, wire.Standing(told.GetExperiment()), store.ToldBy{Time: r.Time, Version: r.AggregateVersion})
}
