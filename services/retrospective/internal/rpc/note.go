package rpc

import (
	"context"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// CreateNote writes a note.
func (s *Server) CreateNote(ctx context.Context, req *retrospectivev1.CreateNoteRequest) (*retrospectivev1.Note, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Note, error) {
		retrospective, err := store.Retrospectives.Must(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		note, event, err := domain.NewNote(domain.Note{
			Name:   req.GetParent() + "/notes/" + names.ID(req.GetNoteId()),
			Prompt: wire.Prompt(req.GetNote().GetPrompt()),
			Text:   req.GetNote().GetText(),
			Author: caller.From(ctx).Subject,
		}, retrospective.Value)
		if err != nil {
			return nil, err
		}
		row, err := store.Notes.Create(tx, note, event)
		if err != nil {
			return nil, err
		}
		return wire.Note(row), nil
	})
}

// ListNotes lists the notes of a retrospective.
func (s *Server) ListNotes(ctx context.Context, req *retrospectivev1.ListNotesRequest) (*retrospectivev1.ListNotesResponse, error) {
	rows, next, err := store.Notes.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &retrospectivev1.ListNotesResponse{Notes: record.Map(rows, wire.Note), NextPageToken: next}, nil
}
