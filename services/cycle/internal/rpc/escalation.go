package rpc

import (
	"context"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// EscalateObstacle asks somebody outside the team for help with an obstacle.
func (s *Server) EscalateObstacle(ctx context.Context, req *cyclev1.EscalateObstacleRequest) (*cyclev1.Obstacle, error) {
	team, err := s.team(ctx, teamOf(req.GetName()))
	if err != nil {
		return nil, err
	}
	if err := s.activeUser(ctx, "owner", req.GetOwner()); err != nil {
		return nil, err
	}
	return s.changeObstacle(ctx, req, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, now time.Time) ([]domain.Event, error) {
		return o.Escalate(req.GetOwner(), req.GetReason(), req.GetAnswerByDate(), domain.Today(now, team.zone), now)
	})
}

// AnswerEscalation keeps the answer to an escalation; the obstacle leaves it for where the answer says.
func (s *Server) AnswerEscalation(ctx context.Context, req *cyclev1.AnswerEscalationRequest) (*cyclev1.Obstacle, error) {
	team, goes := teamOf(req.GetName()), wire.ObstacleState(req.GetState())
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		if err := tx.Lock(team); err != nil {
			return nil, err
		}
		obstacle, err := store.Obstacles.Must(tx, req.GetName())
		if err != nil {
			return nil, err
		}
		if !mayAnswer(caller.From(ctx), obstacle.Value) {
			return nil, fault.New(fault.PermissionDenied, "ESCALATION_OWNER_NEEDED", "only the escalation's owner and the team's members answer it")
		}
		rank := ""
		if obstacle.Value.State == domain.ObstacleEscalated && goes == domain.ObstacleParked {
			if rank, err = store.RankAtFront(tx, team, req.GetName()); err != nil {
				return nil, err
			}
		}
		row, err := store.Obstacles.Update(tx, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, now time.Time) ([]domain.Event, error) {
			return o.Answer(req.GetAnswer(), goes, rank, now)
		})
		if err != nil {
			return nil, err
		}
		return wire.Obstacle(row), nil
	})
}
