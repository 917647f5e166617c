// Package store keeps this service's aggregates: one table each, one SQL text for SQLite and Postgres.
package store

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// teamKey is the key of what lies directly under a team, `teams/{team}/…/{id}`.
func teamKey(name, state, sortKey string) record.Key {
	parts := strings.Split(name, "/")
	return record.Key{Name: name, Parent: strings.Join(parts[:2], "/"), Team: parts[1], State: state, SortKey: sortKey}
}
