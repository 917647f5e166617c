package rpc

import (
	"context"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateObstacle parks an obstacle.
func (s *Server) CreateObstacle(ctx context.Context, req *cyclev1.CreateObstacleRequest) (*cyclev1.Obstacle, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		obstacle := domain.NewObstacle(req.GetParent()+"/obstacles/"+names.ID(req.GetObstacleId()), req.GetObstacle().GetDescription())
		row, err := store.Obstacles.Create(tx, obstacle, domain.ObstacleParkedAgain)
		if err != nil {
			return nil, err
		}
		return wire.Obstacle(row), nil
	})
}

// GetObstacle gets an obstacle.
func (s *Server) GetObstacle(ctx context.Context, req *cyclev1.GetObstacleRequest) (*cyclev1.Obstacle, error) {
	row, err := store.Obstacles.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Obstacle(row), nil
}

// ListObstacles lists a team's obstacles.
func (s *Server) ListObstacles(ctx context.Context, req *cyclev1.ListObstaclesRequest) (*cyclev1.ListObstaclesResponse, error) {
	rows, next, err := store.Obstacles.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListObstaclesResponse{Obstacles: record.Map(rows, wire.Obstacle), NextPageToken: next}, nil
}

// MakeObstacleCurrent switches the team to an obstacle: the one before is parked in the same transaction.
func (s *Server) MakeObstacleCurrent(ctx context.Context, req *cyclev1.MakeObstacleCurrentRequest) (*cyclev1.Obstacle, error) {
	team := teamOf(req.GetName())
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		if err := tx.Lock(team); err != nil {
			return nil, err
		}
		other, err := store.OtherCurrentObstacle(tx, team, req.GetName())
		if err != nil {
			return nil, err
		}
		row, err := store.Obstacles.Update(tx, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			return o.MakeCurrent(other, req.GetReason())
		})
		if err != nil {
			return nil, err
		}
		if other != nil {
			if _, err := store.Obstacles.Update(tx, other.Name, "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
				return o.Park(req.GetReason()), nil
			}); err != nil {
				return nil, err
			}
		}
		return wire.Obstacle(row), nil
	})
}

// SettleObstacle ends the work on an obstacle.
func (s *Server) SettleObstacle(ctx context.Context, req *cyclev1.SettleObstacleRequest) (*cyclev1.Obstacle, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		row, err := store.Obstacles.Update(tx, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			return o.Settle(wire.ObstacleState(req.GetState()), req.GetReason())
		})
		if err != nil {
			return nil, err
		}
		return wire.Obstacle(row), nil
	})
}
