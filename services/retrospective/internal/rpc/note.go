package rpc

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// CreateNote writes a note. The answer to an anonymous one holds its secret, also the answer to a copy of the request: kept answers are
// sealed, so that the secret is stored nowhere where it can be read.
func (s *Server) CreateNote(ctx context.Context, req *retrospectivev1.CreateNoteRequest) (*retrospectivev1.Note, error) {
	given := req.GetNote()
	members := s.memberNames(ctx, req.GetParent())
	writer := domain.Writer{Subject: caller.From(ctx).Subject, Secret: rand.Text()}
	note, err := eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Note, error) {
		retrospective, err := store.Retrospectives.Hold(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		note, event, err := domain.NewNote(domain.Note{
			Name:   req.GetParent() + "/notes/" + names.ID(req.GetNoteId()),
			Prompt: wire.Prompt(given.GetPrompt()),
			Text:   given.GetText(),
		}, writer, retrospective.Value)
		if err != nil {
			return nil, err
		}
		row, err := store.Notes.Create(tx, note, event)
		if err != nil {
			return nil, err
		}
		written := wire.Note(row)
		if note.SecretHash != "" {
			written.Secret = writer.Secret
		}
		return written, nil
	})
	return hinted(note, members), err
}

// UpdateNote changes a note.
func (s *Server) UpdateNote(ctx context.Context, req *retrospectivev1.UpdateNoteRequest) (*retrospectivev1.Note, error) {
	given := req.GetNote()
	// Over REST the mask is what the body has, and that has the secret. It vouches and is not changed.
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "prompt", "text", "secret")
	if err != nil {
		return nil, err
	}
	parent := parentOf(given.GetName())
	members := s.memberNames(ctx, parent)
	writer := domain.Writer{Subject: caller.From(ctx).Subject, Secret: given.GetSecret()}
	note, err := eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Note, error) {
		return changeNote(tx, given.GetName(), req.GetEtag(), func(n *domain.Note, r *domain.Retrospective) ([]domain.Event, error) {
			prompt, text := n.Prompt, n.Text
			if slices.Contains(paths, "prompt") {
				prompt = wire.Prompt(given.GetPrompt())
			}
			if slices.Contains(paths, "text") {
				text = given.GetText()
			}
			return n.Change(prompt, text, writer, r)
		})
	})
	return hinted(note, members), err
}

// WithdrawNote takes a note back.
func (s *Server) WithdrawNote(ctx context.Context, req *retrospectivev1.WithdrawNoteRequest) (*retrospectivev1.WithdrawNoteResponse, error) {
	writer := domain.Writer{Subject: caller.From(ctx).Subject, Secret: req.GetSecret()}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.WithdrawNoteResponse, error) {
		_, err := changeNote(tx, req.GetName(), req.GetEtag(), func(n *domain.Note, r *domain.Retrospective) ([]domain.Event, error) {
			return n.Withdraw(writer, r)
		})
		return &retrospectivev1.WithdrawNoteResponse{}, err
	})
}

// ListNotes lists the notes of a retrospective.
func (s *Server) ListNotes(ctx context.Context, req *retrospectivev1.ListNotesRequest) (*retrospectivev1.ListNotesResponse, error) {
	query := record.PageOf(ctx, req)
	query.States = []string{string(domain.NoteStateWritten)}
	rows, next, err := store.Notes.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &retrospectivev1.ListNotesResponse{Notes: record.Map(rows, wire.Note), NextPageToken: next}, nil
}

// changeNote makes one change to a note, and to the theme that it is in.
func changeNote(tx *eventlog.Tx, name, etag string, change func(*domain.Note, *domain.Retrospective) ([]domain.Event, error)) (*retrospectivev1.Note, error) {
	retrospective, err := store.Retrospectives.Hold(tx, parentOf(name))
	if err != nil {
		return nil, err
	}
	row, err := store.Notes.Update(tx, name, etag, func(n *domain.Note, _ time.Time) ([]domain.Event, error) {
		return change(n, retrospective.Value)
	})
	if err != nil {
		return nil, err
	}
	return wire.Note(row), store.FollowNote(tx, retrospective.Value.Name, row.Value)
}
