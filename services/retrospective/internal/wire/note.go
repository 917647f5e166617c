package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Note converts a stored note.
func Note(row record.Row[domain.Note]) *retrospectivev1.Note {
	n := row.Value
	return &retrospectivev1.Note{
		Name:       n.Name,
		Prompt:     prompt(n.Prompt),
		Text:       n.Text,
		Author:     n.Author,
		Etag:       row.Etag,
		CreateTime: timestamppb.New(row.CreateTime),
		UpdateTime: timestamppb.New(row.UpdateTime),
	}
}

// Prompt converts a prompt of the contract.
func Prompt(given retrospectivev1.Prompt) domain.Prompt {
	return domain.Prompt(strings.TrimPrefix(given.String(), "PROMPT_"))
}

// NoteEvent is the data of an event about a note. The text stays in the retrospective.
func NoteEvent(row record.Row[domain.Note], event domain.Event) proto.Message {
	name, prompt := row.Value.Name, prompt(row.Value.Prompt)
	switch event {
	case domain.NoteChanged, domain.AnonymousNoteChanged:
		return &retrospectivev1.NoteChanged{Note: name, Prompt: prompt}
	case domain.NoteWithdrawn, domain.AnonymousNoteWithdrawn:
		return &retrospectivev1.NoteWithdrawn{Note: name, Prompt: prompt}
	default:
		return &retrospectivev1.NoteWritten{Note: name, Prompt: prompt}
	}
}

func prompt(p domain.Prompt) retrospectivev1.Prompt {
	return retrospectivev1.Prompt(retrospectivev1.Prompt_value["PROMPT_"+string(p)])
}
