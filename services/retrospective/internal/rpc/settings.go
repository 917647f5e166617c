package rpc

import (
	"context"
	"time"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// GetRetrospectiveSettings gets how a team holds its retrospectives and taps its days: the defaults when it said nothing.
func (s *Server) GetRetrospectiveSettings(ctx context.Context, req *retrospectivev1.GetRetrospectiveSettingsRequest) (*retrospectivev1.RetrospectiveSettings, error) {
	row, err := store.Settings.Get(ctx, s.log, req.GetName())
	if f := fault.From(err); f == nil || f.Kind != fault.NotFound {
		if err != nil {
			return nil, err
		}
		return wire.Settings(row), nil
	}
	if _, err := s.zone(ctx, teamOf(req.GetName())); err != nil { // a team that is not there has none
		return nil, err
	}
	return wire.Settings(record.Row[domain.Settings]{Value: &domain.Settings{Name: req.GetName()}}), nil
}

// UpdateRetrospectiveSettings changes how a team holds its retrospectives and taps its days. The first change makes the record.
func (s *Server) UpdateRetrospectiveSettings(ctx context.Context, req *retrospectivev1.UpdateRetrospectiveSettingsRequest) (*retrospectivev1.RetrospectiveSettings, error) {
	given := req.GetRetrospectiveSettings()
	team := teamOf(given.GetName())
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "anonymous", "prompts", "votes_per_member", "stage_hours", "move_by_time", "causes")
	if err != nil {
		return nil, err
	}
	if _, err := s.zone(ctx, team); err != nil {
		return nil, err
	}
	change := wire.SettingsChange(given, paths)
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.RetrospectiveSettings, error) {
		if err := tx.Lock(team); err != nil { // nobody makes the record between the look and the commit
			return nil, err
		}
		row, found, err := store.Settings.Find(tx, given.GetName())
		switch {
		case err != nil:
		case found:
			row, err = store.Settings.Update(tx, given.GetName(), req.GetEtag(), func(s *domain.Settings, _ time.Time) ([]domain.Event, error) {
				return s.Edit(change)
			})
		case req.GetEtag() != "":
			err = fault.New(fault.Aborted, "ETAG_MISMATCH", "The team has set nothing yet, so there is nothing that the etag belongs to; read the settings again.")
		default:
			row, err = firstSettings(tx, given.GetName(), change)
		}
		if err != nil {
			return nil, err
		}
		return wire.Settings(row), nil
	})
}

// firstSettings makes the record of a team that said nothing before. A change to what holds already makes none.
func firstSettings(tx *eventlog.Tx, name string, change func(*domain.Settings)) (record.Row[domain.Settings], error) {
	settings := &domain.Settings{Name: name}
	events, err := settings.Edit(change)
	if err != nil || len(events) == 0 {
		return record.Row[domain.Settings]{Value: settings}, err
	}
	return store.Settings.Create(tx, settings, events...)
}
