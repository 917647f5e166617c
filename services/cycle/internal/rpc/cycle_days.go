package rpc

import (
	"context"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// StartCycle starts a drafted cycle in its PLAN phase.
func (s *Server) StartCycle(ctx context.Context, req *cyclev1.StartCycleRequest) (*cyclev1.Cycle, error) {
	var day domain.Day
	if req.GetStartDate() != "" {
		var err error
		if day, err = domain.ParseDay("start_date", req.GetStartDate()); err != nil {
			return nil, err
		}
	}
	parent := teamOf(req.GetName())
	team, err := s.team(ctx, parent)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Cycle, error) {
		if err := tx.Lock(parent); err != nil { // as CreateCycle does: a team has one running cycle
			return nil, err
		}
		running, err := store.RunningCycle(tx, parent)
		if err != nil {
			return nil, err
		}
		target, err := store.ActiveTargetCondition(tx, parent)
		if err != nil {
			return nil, err
		}
		row, err := store.Cycles.Update(tx, req.GetName(), req.GetEtag(), func(c *domain.Cycle, now time.Time) ([]domain.Event, error) {
			return c.Start(day, running, target, team.settings, team.today(now))
		})
		if err != nil {
			return nil, err
		}
		return wire.Cycle(row), nil
	})
}

// ExtendCycle puts the end of a running cycle off.
func (s *Server) ExtendCycle(ctx context.Context, req *cyclev1.ExtendCycleRequest) (*cyclev1.Cycle, error) {
	end, err := domain.ParseDay("end_date", req.GetEndDate())
	if err != nil {
		return nil, err
	}
	team, err := s.team(ctx, teamOf(req.GetName()))
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Cycle, error) {
		row, err := store.Cycles.Update(tx, req.GetName(), req.GetEtag(), func(c *domain.Cycle, now time.Time) ([]domain.Event, error) {
			return c.Extend(end, req.GetReason(), team.settings, now, team.today(now))
		})
		if err != nil {
			return nil, err
		}
		return wire.Cycle(row), nil
	})
}
