package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// CreateTheme groups notes under a title.
func (s *Server) CreateTheme(ctx context.Context, req *retrospectivev1.CreateThemeRequest) (*retrospectivev1.Theme, error) {
	given := req.GetTheme()
	return s.regroup(ctx, req, req.GetParent(), func(tx *eventlog.Tx, r *domain.Retrospective) (record.Row[domain.Theme], error) {
		theme, err := domain.NewTheme(domain.Theme{
			Name: newThemeName(r, req.GetThemeId()), Title: given.GetTitle(), Notes: given.GetNotes(),
		}, r)
		if err != nil {
			return record.Row[domain.Theme]{}, err
		}
		if err := takeNotes(tx, r, theme.Name, theme.Notes); err != nil {
			return record.Row[domain.Theme]{}, err
		}
		return store.Themes.Create(tx, theme, domain.ThemeChanged)
	})
}

// UpdateTheme renames a theme, or changes which notes belong to it.
func (s *Server) UpdateTheme(ctx context.Context, req *retrospectivev1.UpdateThemeRequest) (*retrospectivev1.Theme, error) {
	given := req.GetTheme()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "title", "notes")
	if err != nil {
		return nil, err
	}
	return s.regroup(ctx, req, parentOf(given.GetName()), func(tx *eventlog.Tx, r *domain.Retrospective) (record.Row[domain.Theme], error) {
		row, err := changeTheme(tx, given.GetName(), req.GetEtag(), func(t *domain.Theme) (events []domain.Event, err error) {
			if slices.Contains(paths, "notes") {
				if events, err = t.Regroup(given.GetNotes(), r); err != nil {
					return nil, err
				}
			}
			if slices.Contains(paths, "title") {
				renamed, err := t.Rename(given.GetTitle(), r)
				if err != nil {
					return nil, err
				}
				events = append(events, renamed...)
			}
			return events[:min(1, len(events))], nil // one change is told once
		})
		if err != nil || !slices.Contains(paths, "notes") {
			return row, err
		}
		return row, takeNotes(tx, r, given.GetName(), given.GetNotes())
	})
}

// MergeTheme joins another theme to this one.
func (s *Server) MergeTheme(ctx context.Context, req *retrospectivev1.MergeThemeRequest) (*retrospectivev1.Theme, error) {
	if parentOf(req.GetOther()) != parentOf(req.GetName()) {
		return nil, fault.Invalid("other", "THEME_NOT_IN_RETROSPECTIVE", "%s is a theme of another retrospective; name one of this", req.GetOther())
	}
	return s.regroup(ctx, req, parentOf(req.GetName()), func(tx *eventlog.Tx, r *domain.Retrospective) (record.Row[domain.Theme], error) {
		var none record.Row[domain.Theme]
		other, err := store.Themes.Must(tx, req.GetOther())
		if err != nil {
			return none, err
		}
		if err := isKept(other.Value); err != nil {
			return none, err
		}
		row, err := changeTheme(tx, req.GetName(), req.GetEtag(), func(t *domain.Theme) ([]domain.Event, error) { return t.Merge(other.Value, r) })
		if err != nil {
			return none, err
		}
		if _, err := changeTheme(tx, req.GetOther(), "", func(t *domain.Theme) ([]domain.Event, error) { return t.Delete(r) }); err != nil {
			return none, err
		}
		return row, store.ChangeBallots(tx, r.Name, func(b *domain.Ballots) error {
			b.Merge(req.GetOther(), req.GetName())
			return nil
		})
	})
}

// SplitTheme splits notes off into a theme of their own.
func (s *Server) SplitTheme(ctx context.Context, req *retrospectivev1.SplitThemeRequest) (*retrospectivev1.Theme, error) {
	return s.regroup(ctx, req, parentOf(req.GetName()), func(tx *eventlog.Tx, r *domain.Retrospective) (record.Row[domain.Theme], error) {
		var split *domain.Theme
		_, err := changeTheme(tx, req.GetName(), req.GetEtag(), func(t *domain.Theme) (events []domain.Event, err error) {
			split, events, err = t.Split(newThemeName(r, ""), req.GetTitle(), req.GetNotes(), r)
			return events, err
		})
		if err != nil {
			return record.Row[domain.Theme]{}, err
		}
		return store.Themes.Create(tx, split, domain.ThemeChanged)
	})
}

// DeleteTheme deletes a theme.
func (s *Server) DeleteTheme(ctx context.Context, req *retrospectivev1.DeleteThemeRequest) (*retrospectivev1.DeleteThemeResponse, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.DeleteThemeResponse, error) {
		r, err := store.Retrospectives.Hold(tx, parentOf(req.GetName()))
		if err != nil {
			return nil, err
		}
		if _, err := changeTheme(tx, req.GetName(), req.GetEtag(), func(t *domain.Theme) ([]domain.Event, error) { return t.Delete(r.Value) }); err != nil {
			return nil, err
		}
		return &retrospectivev1.DeleteThemeResponse{}, store.ChangeBallots(tx, r.Value.Name, func(b *domain.Ballots) error {
			b.Delete(req.GetName())
			return nil
		})
	})
}

// ListThemes lists the themes of a retrospective.
func (s *Server) ListThemes(ctx context.Context, req *retrospectivev1.ListThemesRequest) (*retrospectivev1.ListThemesResponse, error) {
	query := record.PageOf(ctx, req)
	query.States = []string{string(domain.ThemeStateKept)}
	rows, next, err := store.Themes.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	withheld, err := s.whyNoVotes(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	return &retrospectivev1.ListThemesResponse{Themes: record.Map(rows, wire.Theme), NextPageToken: next, VotesWithheld: withheld}, nil
}

// regroup makes one change to the themes of a retrospective, which nobody else changes meanwhile, and answers one of them.
func (s *Server) regroup(ctx context.Context, req proto.Message, retrospective string,
	change func(*eventlog.Tx, *domain.Retrospective) (record.Row[domain.Theme], error),
) (*retrospectivev1.Theme, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Theme, error) {
		r, err := store.Retrospectives.Hold(tx, retrospective)
		if err != nil {
			return nil, err
		}
		row, err := change(tx, r.Value)
		if err != nil {
			return nil, err
		}
		return wire.Theme(row), nil
	})
}

// changeTheme makes one change to a theme that is there.
func changeTheme(tx *eventlog.Tx, name, etag string, change func(*domain.Theme) ([]domain.Event, error)) (record.Row[domain.Theme], error) {
	return store.Themes.Update(tx, name, etag, func(t *domain.Theme, _ time.Time) ([]domain.Event, error) {
		if err := isKept(t); err != nil {
			return nil, err
		}
		return change(t)
	})
}

// takeNotes refuses what is no note of the retrospective, and takes the notes out of the other themes.
func takeNotes(tx *eventlog.Tx, r *domain.Retrospective, into string, notes []string) error {
	for i, name := range notes {
		note, found, err := store.Notes.Find(tx, name)
		if err != nil {
			return err
		}
		if !found || parentOf(name) != r.Name || note.Value.State == domain.NoteStateWithdrawn {
			return fault.Invalid(fmt.Sprintf("theme.notes[%d]", i), "NOTE_NOT_FOUND", "%s is no note of this retrospective; list its notes", name)
		}
	}
	return store.TakeNotes(tx, r.Name, into, notes)
}

func isKept(t *domain.Theme) error {
	if t.State == domain.ThemeStateDeleted {
		return fault.New(fault.NotFound, "THEME_NOT_FOUND", "There is no theme %q.", t.Name)
	}
	return nil
}

func newThemeName(r *domain.Retrospective, chosen string) string {
	return r.Name + "/themes/" + names.ID(chosen)
}

// parentOf is the name of the resource that a resource lies under.
func parentOf(name string) string {
	parts := strings.Split(name, "/")
	return strings.Join(parts[:max(0, len(parts)-2)], "/")
}
