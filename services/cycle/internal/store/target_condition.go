package store

import (
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// TargetConditions of the teams.
var TargetConditions = &record.Collection[domain.TargetCondition, domain.Event]{
	Table: "target_conditions", Type: "target_condition", Noun: "target condition",
	Key: func(t *domain.TargetCondition) record.Key {
		return teamKey(t.Name, string(t.State), t.Name)
	},
	Data: wire.TargetConditionEvent,
}

// TargetConditionTowards is the team's active target condition when it leads towards the challenge, or nil. The team must be locked:
// otherwise another one may become active before the transaction ends.
func TargetConditionTowards(tx *eventlog.Tx, challenge string) (*domain.TargetCondition, error) {
	name, err := ActiveTargetCondition(tx, teamKey(challenge, "", "").Parent)
	if err != nil || name == "" {
		return nil, err
	}
	row, _, err := TargetConditions.Find(tx, name)
	if err != nil || row.Value == nil || row.Value.Challenge != challenge {
		return nil, err
	}
	return row.Value, nil
}
