package consumer

import (
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Identity takes in which teams there are.
func Identity(tx *eventlog.Tx, r eventlog.Record) error {
	switch r.Type { // most events are others, and not worth decoding
	case "fortnight.identity.v1.TeamCreated", "fortnight.identity.v1.TeamDeactivated", "fortnight.identity.v1.TeamReactivated":
	default:
		return nil
	}
	data, err := r.Message()
	if err != nil {
		return err
	}
	if of, ok := data.(interface{ GetTeam() *identityv1.Team }); ok {
		return store.Note(tx, wire.TeamCircumstance(of.GetTeam()), r.Time, r.AggregateVersion)
	}
	return nil
}
