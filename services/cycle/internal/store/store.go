// Package store keeps this service's aggregates: one table each, one SQL text for SQLite and Postgres.
package store

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Challenges of the teams.
var Challenges = &record.Collection[domain.Challenge, domain.Event]{
	Table: "challenges", Type: "challenge", Noun: "challenge",
	Key: func(c *domain.Challenge) record.Key {
		return teamKey(c.Name, string(c.State), c.Name)
	},
	Data: wire.ChallengeEvent,
}

// TargetConditions of the teams.
var TargetConditions = &record.Collection[domain.TargetCondition, domain.Event]{
	Table: "target_conditions", Type: "target_condition", Noun: "target condition",
	Key: func(t *domain.TargetCondition) record.Key {
		return teamKey(t.Name, string(t.State), t.Name)
	},
	Data: wire.TargetConditionEvent,
}

// Obstacles of the teams.
var Obstacles = &record.Collection[domain.Obstacle, domain.Event]{
	Table: "obstacles", Type: "obstacle", Noun: "obstacle",
	Key: func(o *domain.Obstacle) record.Key {
		return teamKey(o.Name, string(o.State), o.Name)
	},
	Data: wire.ObstacleEvent,
}

// Cycles of the teams, latest start first.
var Cycles = &record.Collection[domain.Cycle, domain.Event]{
	Table: "cycles", Type: "cycle", Noun: "cycle", Descending: true,
	Key: func(c *domain.Cycle) record.Key {
		return teamKey(c.Name, string(c.State), string(c.StartDate))
	},
	Data: wire.CycleEvent,
}

// Andons of the cycles.
var Andons = &record.Collection[domain.Andon, domain.Event]{
	Table: "andons", Type: "andon", Noun: "andon",
	Key: func(a *domain.Andon) record.Key {
		parts := strings.Split(a.Name, "/")
		return record.Key{Name: a.Name, Parent: strings.Join(parts[:4], "/"), Team: parts[1], State: string(a.State), SortKey: a.Name}
	},
	Data: wire.AndonEvent,
}

// teamKey is the key of what lies directly under a team, `teams/{team}/…/{id}`.
func teamKey(name, state, sortKey string) record.Key {
	parts := strings.Split(name, "/")
	return record.Key{Name: name, Parent: strings.Join(parts[:2], "/"), Team: parts[1], State: state, SortKey: sortKey}
}
