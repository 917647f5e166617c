package store

import (
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// Notes of the retrospectives, by prompt and then by id.
var Notes = &record.Collection[domain.Note, domain.Event]{
	Table: "notes", Type: "note", Noun: "note",
	Key: func(n *domain.Note) record.Key {
		return key(n.Name, 5, string(n.State), string(n.Prompt))
	},
	Data: wire.NoteEvent,
	Anonymous: func(event domain.Event) bool {
		switch event {
		case domain.AnonymousNoteWritten, domain.AnonymousNoteChanged, domain.AnonymousNoteWithdrawn:
			return true
		default:
			return false
		}
	},
}
