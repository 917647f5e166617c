package store

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Andons of the cycles.
var Andons = &record.Collection[domain.Andon, domain.Event]{
	Table: "andons", Type: "andon", Noun: "andon",
	Key: func(a *domain.Andon) record.Key {
		parts := strings.Split(a.Name, "/")
		return record.Key{Name: a.Name, Parent: strings.Join(parts[:4], "/"), Team: parts[1], State: string(a.State), SortKey: a.Name}
	},
	Data: wire.AndonEvent,
}
