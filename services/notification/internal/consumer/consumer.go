// Package consumer turns the events of the other services into reminders.
package consumer

import (
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/notification/internal/store"
	"github.com/fortnighthq/fortnight/services/notification/internal/wire"
)

// Sources are the services whose events reminders depend on.
var Sources = []string{"identity", "cycle", "experiment", "retrospective"}

// Handle applies one event. Events that no reminder depends on change nothing.
func Handle(tx *eventlog.Tx, event eventlog.Record) error {
	data, err := event.Message()
	if err != nil {
		return err
	}
	team, isTeam := data.(interface{ GetTeam() *identityv1.Team })
	due := wire.Due(data)
	if !isTeam && len(due) == 0 {
		return nil
	}
	news, err := store.IsNews(tx, event.Subject, event.AggregateVersion)
	if err != nil || !news {
		return err
	}
	if isTeam {
		return store.SaveZone(tx, event.Team, team.GetTeam().GetTimeZone())
	}
	return store.Follow(tx, event.Team, due)
}
