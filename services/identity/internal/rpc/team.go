package rpc

import (
	"context"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateTeam creates a team.
func (s *Server) CreateTeam(ctx context.Context, req *identityv1.CreateTeamRequest) (*identityv1.Team, error) {
	given := wire.ToTeam(req.GetTeam())
	given.Name = domain.TeamName(names.ID(req.GetTeamId()))
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Team, error) {
		t, events, err := domain.NewTeam(given)
		if err != nil {
			return nil, err
		}
		row, err := store.Teams.Create(tx, t, events...)
		if err != nil {
			return nil, err
		}
		return wire.Team(row), nil
	})
}

// GetTeam gets a team.
func (s *Server) GetTeam(ctx context.Context, req *identityv1.GetTeamRequest) (*identityv1.Team, error) {
	row, err := store.Teams.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Team(row), nil
}

// ListTeams lists the teams that the caller may read, by id.
func (s *Server) ListTeams(ctx context.Context, req *identityv1.ListTeamsRequest) (*identityv1.ListTeamsResponse, error) {
	list := store.TeamsOf
	if mayListEveryTeam(caller.From(ctx)) {
		list = store.Teams.List
	}
	rows, next, err := list(ctx, s.log, page(ctx, req, ""))
	if err != nil {
		return nil, err
	}
	return &identityv1.ListTeamsResponse{Teams: record.Map(rows, wire.Team), NextPageToken: next}, nil
}

// UpdateTeam changes what the mask names.
func (s *Server) UpdateTeam(ctx context.Context, req *identityv1.UpdateTeamRequest) (*identityv1.Team, error) {
	given := wire.ToTeam(req.GetTeam())
	paths, err := updatemask.Paths(req.GetUpdateMask(), req.GetTeam(), "display_name", "time_zone", "working_days", "holidays",
		"cadence_weekday", "cycle_days", "visibility", "improvement_capacity_percent")
	if err != nil {
		return nil, err
	}
	change := func(t *domain.Team) {
		for _, path := range paths {
			switch path {
			case "display_name":
				t.DisplayName = given.DisplayName
			case "time_zone":
				t.TimeZone = given.TimeZone
			case "working_days":
				t.WorkingDays = given.WorkingDays
			case "holidays":
				t.Holidays = given.Holidays
			case "cadence_weekday":
				t.CadenceWeekday = given.CadenceWeekday
			case "visibility":
				t.Visibility = given.Visibility
			case "cycle_days":
				t.CycleDays = given.CycleDays
			case "improvement_capacity_percent":
				t.CapacityPercent = given.CapacityPercent
			}
		}
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Team, error) {
		return updateTeam(tx, given.Name, req.GetEtag(), func(t *domain.Team) ([]domain.Event, error) { return t.Update(change) })
	})
}

// DeactivateTeam ends a team's work: its people may only read, and its bots are refused.
func (s *Server) DeactivateTeam(ctx context.Context, req *identityv1.DeactivateTeamRequest) (*identityv1.Team, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Team, error) {
		return updateTeam(tx, req.GetName(), req.GetEtag(), (*domain.Team).Deactivate)
	})
}

// ReactivateTeam lets a deactivated team work again.
func (s *Server) ReactivateTeam(ctx context.Context, req *identityv1.ReactivateTeamRequest) (*identityv1.Team, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Team, error) {
		return updateTeam(tx, req.GetName(), req.GetEtag(), (*domain.Team).Reactivate)
	})
}

func updateTeam(tx *eventlog.Tx, name, etag string, rule func(*domain.Team) ([]domain.Event, error)) (*identityv1.Team, error) {
	row, err := store.Teams.Update(tx, name, etag, func(t *domain.Team, _ time.Time) ([]domain.Event, error) { return rule(t) })
	if err != nil {
		return nil, err
	}
	return wire.Team(row), nil
}
