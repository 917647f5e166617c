// Package store keeps this service's aggregates: one table each, one SQL text for SQLite and Postgres.
package store

import (
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// dueLayout writes the time at which the clock ends a stage so that texts compare as times; never comes behind every time.
const (
	dueLayout = "2006-01-02T15:04:05.000000000Z"
	never     = "~"
)

// Retrospectives of the cycles, one each. They are sorted by when the clock ends their stage.
var Retrospectives = &record.Collection[domain.Retrospective, domain.Event]{
	Table: "retrospectives", Type: "retrospective", Noun: "retrospective",
	Key: func(r *domain.Retrospective) record.Key {
		due := never
		if at := r.DueTime(); at != nil {
			due = dueText(*at)
		}
		return key(r.Name, 4, string(r.Stage), due)
	},
	Data:      wire.RetrospectiveEvent,
	Anonymous: func(event domain.Event) bool { return event == domain.AnonymousRetrospectiveAmended },
}

func dueText(at time.Time) string { return at.UTC().Format(dueLayout) }

// key is the key of a resource whose parent's name has so many parts.
func key(name string, parentParts int, state, sortKey string) record.Key {
	parts := strings.Split(name, "/")
	return record.Key{Name: name, Parent: strings.Join(parts[:parentParts], "/"), Team: parts[1], State: state, SortKey: sortKey}
}

// teamID is the id of a team, `teams/{team}`.
func teamID(team string) string { return strings.TrimPrefix(team, "teams/") }
