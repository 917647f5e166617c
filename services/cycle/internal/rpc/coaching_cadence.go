package rpc

import (
	"context"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// GetCoachingCadence gets how often a team wants to be coached: each working day when it said nothing.
func (s *Server) GetCoachingCadence(ctx context.Context, req *cyclev1.GetCoachingCadenceRequest) (*cyclev1.CoachingCadence, error) {
	row, err := s.cadence(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.CoachingCadence(row), nil
}

// UpdateCoachingCadence changes how often a team wants to be coached. The first change makes the record.
func (s *Server) UpdateCoachingCadence(ctx context.Context, req *cyclev1.UpdateCoachingCadenceRequest) (*cyclev1.CoachingCadence, error) {
	given := req.GetCoachingCadence()
	if _, err := updatemask.Paths(req.GetUpdateMask(), given, "weekdays"); err != nil {
		return nil, err
	}
	if _, err := s.team(ctx, teamOf(given.GetName())); err != nil {
		return nil, err
	}
	weekdays := wire.Weekdays(given.GetWeekdays())
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.CoachingCadence, error) {
		if err := tx.Lock(teamOf(given.GetName())); err != nil { // nobody makes the record between the look and the commit
			return nil, err
		}
		row, found, err := store.CoachingCadences.Find(tx, given.GetName())
		switch {
		case err != nil:
		case found:
			row, err = store.CoachingCadences.Update(tx, given.GetName(), req.GetEtag(), func(c *domain.CoachingCadence, _ time.Time) ([]domain.Event, error) {
				return c.Edit(weekdays), nil
			})
		case req.GetEtag() != "":
			err = fault.New(fault.Aborted, "ETAG_MISMATCH", "The team has not said how often it wants to be coached, so there is nothing that the etag belongs to; read it again.")
		case len(weekdays) == 0: // that holds already
			row.Value = &domain.CoachingCadence{Name: given.GetName()}
		default:
			row, err = store.CoachingCadences.Create(tx, &domain.CoachingCadence{Name: given.GetName(), Weekdays: weekdays}, domain.CoachingCadenceUpdated)
		}
		if err != nil {
			return nil, err
		}
		return wire.CoachingCadence(row), nil
	})
}

// MeasureCoachingCadence tells how well a team keeps its rhythm.
func (s *Server) MeasureCoachingCadence(ctx context.Context, req *cyclev1.MeasureCoachingCadenceRequest) (*cyclev1.CoachingCadenceHealth, error) {
	name := teamOf(req.GetName())
	team, err := s.team(ctx, name)
	if err != nil {
		return nil, err
	}
	period, err := domain.NewPeriod(req.GetStartDate(), req.GetEndDate(), domain.Today(s.clock(), team.zone))
	if err != nil {
		return nil, err
	}
	cadence, err := s.cadence(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	held, err := store.HeldSessions(ctx, s.log.DB().Read(), name, period)
	if err != nil {
		return nil, err
	}
	return wire.CoachingHealth(cadence.Value.Health(period, period.WorkingDays(team.workingDays, team.holidays), held)), nil
}

// cadence reads the team's cadence, or what holds while the team said nothing.
func (s *Server) cadence(ctx context.Context, name string) (record.Row[domain.CoachingCadence], error) {
	row, err := store.CoachingCadences.Get(ctx, s.log, name)
	if f := fault.From(err); f == nil || f.Kind != fault.NotFound {
		return row, err
	}
	if _, err := s.team(ctx, teamOf(name)); err != nil { // a team that is not there has none
		return row, err
	}
	return record.Row[domain.CoachingCadence]{Value: &domain.CoachingCadence{Name: name}}, nil
}
