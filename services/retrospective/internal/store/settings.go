package store

import (
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// Settings of the teams: one each, once the team has said something.
var Settings = &record.Collection[domain.Settings, domain.Event]{
	Table: "retrospective_settings", Type: "retrospective_settings", Noun: "record of settings",
	Key: func(s *domain.Settings) record.Key {
		return key(s.Name, 2, "", s.Name)
	},
	Data: wire.SettingsEvent,
}

// SettingsName is the resource name of the settings of a team, `teams/{team}`.
func SettingsName(team string) string { return team + "/retrospectiveSettings" }

// SettingsOf are the settings of a team, `teams/{team}`, with the defaults for everything that the team did not say.
func SettingsOf(tx *eventlog.Tx, team string) (domain.Settings, error) {
	row, found, err := Settings.Find(tx, SettingsName(team))
	if err != nil || !found {
		return domain.Settings{Name: SettingsName(team)}.Complete(), err
	}
	return row.Value.Complete(), nil
}
