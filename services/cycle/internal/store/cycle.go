package store

import (
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Cycles of the teams, latest start first.
var Cycles = &record.Collection[domain.Cycle, domain.Event]{
	Table: "cycles", Type: "cycle", Noun: "cycle", Descending: true,
	Key: func(c *domain.Cycle) record.Key {
		return teamKey(c.Name, string(c.State), string(c.StartDate))
	},
	Data: wire.CycleEvent,
}
