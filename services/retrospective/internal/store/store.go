// Package store keeps this service's aggregates: one table each, one SQL text for SQLite and Postgres.
package store

import (
	"context"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// Retrospectives of the cycles, one each.
var Retrospectives = &record.Collection[domain.Retrospective, domain.Event]{
	Table: "retrospectives", Type: "retrospective", Noun: "retrospective",
	Key: func(r *domain.Retrospective) record.Key {
		return key(r.Name, 4, string(r.Stage), r.Name)
	},
	Data: wire.RetrospectiveEvent,
}

// Notes of the retrospectives, by prompt and then by id.
var Notes = &record.Collection[domain.Note, domain.Event]{
	Table: "notes", Type: "note", Noun: "note",
	Key: func(n *domain.Note) record.Key {
		return key(n.Name, 5, string(n.Prompt), string(n.Prompt))
	},
	Data:      wire.NoteEvent,
	Anonymous: func(event domain.Event) bool { return event == domain.AnonymousNoteWritten },
}

// Actions of the retrospectives, by due date.
var Actions = &record.Collection[domain.Action, domain.Event]{
	Table: "actions", Type: "action", Noun: "action",
	Key: func(a *domain.Action) record.Key {
		return key(a.Name, 5, string(a.State), a.DueDate)
	},
	Data: wire.ActionEvent,
}

// CountActions is how many actions the retrospective has agreed on.
func CountActions(tx *eventlog.Tx, retrospective string) (int, error) {
	count, _, err := db.One[int](context.Background(), tx, "select count(*) from actions where parent = $1", retrospective)
	return count, err
}

// key is the key of a resource whose parent's name has so many parts.
func key(name string, parentParts int, state, sortKey string) record.Key {
	parts := strings.Split(name, "/")
	return record.Key{Name: name, Parent: strings.Join(parts[:parentParts], "/"), Team: parts[1], State: state, SortKey: sortKey}
}
