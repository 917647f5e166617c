package store

import (
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Settings of the teams: one each, once the team has said something.
var Settings = &record.Collection[domain.Settings, domain.Event]{
	Table: "knowledge_settings", Type: "knowledge_settings", Noun: "record of settings",
	Key: func(s *domain.Settings) record.Key {
		team := domain.TeamOf(s.Name)
		return record.Key{Name: s.Name, Parent: team, Team: strings.TrimPrefix(team, "teams/"), SortKey: s.Name}
	},
	Data: wire.SettingsEvent,
	Also: roomChanged,
}

// OfferRules is the one record of the rules by which learnings are offered, once somebody has said something.
var OfferRules = &record.Collection[domain.OfferRules, domain.Event]{
	Table: "offer_rules", Type: "offer_rules", Noun: "record of rules",
	Key: func(r *domain.OfferRules) record.Key {
		return record.Key{Name: r.Name, Parent: "organization", SortKey: r.Name}
	},
	Data: wire.OfferRulesEvent,
}

const settingsSuffix = "/knowledgeSettings"

// SettingsName is the resource name of the settings of a team, `teams/{team}`.
func SettingsName(team string) string { return team + settingsSuffix }

// SettingsOf are the settings of a team, `teams/{team}`, with the defaults for everything that the team did not say.
func SettingsOf(tx *eventlog.Tx, team string) (domain.Settings, error) {
	row, found, err := Settings.Find(tx, SettingsName(team))
	if err != nil || !found {
		return domain.Settings{Name: SettingsName(team)}.Complete(), err
	}
	return row.Value.Complete(), nil
}

// currentRules are the rules by which learnings are offered, with the defaults for everything that nobody said.
func currentRules(tx *eventlog.Tx) (domain.OfferRules, error) {
	row, found, err := OfferRules.Find(tx, domain.OfferRulesName)
	if err != nil || !found {
		return domain.OfferRules{}.Complete(), err
	}
	return row.Value.Complete(), nil
}

// ChangeSettings changes the settings of a team by their name. Reasons: ETAG_MISMATCH, and those of Settings.Edit.
func ChangeSettings(tx *eventlog.Tx, name, etag string, change func(*domain.Settings)) (record.Row[domain.Settings], error) {
	fresh := &domain.Settings{Name: name}
	return changeOrMake(tx, Settings, name, etag, fresh, func(s *domain.Settings) ([]domain.Event, error) { return s.Edit(change) })
}

// ChangeRules changes the rules by which learnings are offered. Rules that leave more room open what waits. Reason: ETAG_MISMATCH.
func ChangeRules(tx *eventlog.Tx, etag string, change func(*domain.OfferRules)) (record.Row[domain.OfferRules], error) {
	fresh := &domain.OfferRules{Name: domain.OfferRulesName}
	row, err := changeOrMake(tx, OfferRules, fresh.Name, etag, fresh, func(r *domain.OfferRules) ([]domain.Event, error) { return r.Edit(change), nil })
	if err != nil {
		return row, err
	}
	return row, makeAllDue(tx, OpenOffers, "select distinct parent as name from offers where state = $3", string(domain.Waiting))
}

// changeOrMake changes a record that is there once somebody has said something: the first change makes it of a fresh one, and a first
// change to what holds already makes none.
func changeOrMake[T any](
	tx *eventlog.Tx, c *record.Collection[T, domain.Event], name, etag string, fresh *T, edit func(*T) ([]domain.Event, error),
) (record.Row[T], error) {
	if err := alone(tx); err != nil {
		return record.Row[T]{}, err
	}
	_, found, err := c.Find(tx, name)
	switch {
	case err != nil:
		return record.Row[T]{}, err
	case found:
		return c.Update(tx, name, etag, func(x *T, _ time.Time) ([]domain.Event, error) { return edit(x) })
	case etag != "":
		return record.Row[T]{}, fault.New(fault.Aborted, "ETAG_MISMATCH",
			"Nobody has changed the defaults yet, so there is nothing that the etag belongs to; read them again.")
	}
	events, err := edit(fresh)
	if err != nil || len(events) == 0 {
		return record.Row[T]{Value: fresh}, err
	}
	return c.Create(tx, fresh, events...)
}

// roomChanged lets offers that wait go by the settings that a team has changed.
func roomChanged(tx *eventlog.Tx, s *domain.Settings, _ domain.Event) error {
	return MakeDue(tx, OpenOffers, domain.TeamOf(s.Name), tx.Log().Now())
}
