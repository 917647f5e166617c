package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateObstacle parks an obstacle at the end of the parking lot.
func (s *Server) CreateObstacle(ctx context.Context, req *cyclev1.CreateObstacleRequest) (*cyclev1.Obstacle, error) {
	description, err := domain.DescribeObstacle(req.GetObstacle().GetDescription())
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		if err := tx.Lock(req.GetParent()); err != nil {
			return nil, err
		}
		name := req.GetParent() + "/obstacles/" + names.ID(req.GetObstacleId())
		rank, err := store.RankAtEnd(tx, req.GetParent(), name)
		if err != nil {
			return nil, err
		}
		obstacle := domain.NewObstacle(name, description, rank, names.ID(""))
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

// ListObstacles lists a team's obstacles as the parking lot has them.
func (s *Server) ListObstacles(ctx context.Context, req *cyclev1.ListObstaclesRequest) (*cyclev1.ListObstaclesResponse, error) {
	query := record.PageOf(ctx, req)
	for _, state := range req.GetStates() {
		query.States = append(query.States, string(wire.ObstacleState(state)))
	}
	rows, next, err := store.Obstacles.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListObstaclesResponse{Obstacles: record.Map(rows, wire.ListedObstacle), NextPageToken: next}, nil
}

// UpdateObstacle changes the words of an obstacle.
func (s *Server) UpdateObstacle(ctx context.Context, req *cyclev1.UpdateObstacleRequest) (*cyclev1.Obstacle, error) {
	given := req.GetObstacle()
	if _, err := updatemask.Paths(req.GetUpdateMask(), given, "description"); err != nil {
		return nil, err
	}
	return s.changeObstacle(ctx, req, given.GetName(), req.GetEtag(), func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
		return o.Edit(given.GetDescription())
	})
}

// MoveObstacle moves a parked obstacle behind another one, or to the front of the parking lot.
func (s *Server) MoveObstacle(ctx context.Context, req *cyclev1.MoveObstacleRequest) (*cyclev1.Obstacle, error) {
	team := teamOf(req.GetName())
	if err := domain.OfTeam(team, domain.Reference{Field: "after", Name: req.GetAfter()}); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		if err := tx.Lock(team); err != nil {
			return nil, err
		}
		lot, err := store.ParkingLot(tx, team)
		if err != nil {
			return nil, err
		}
		at, err := domain.PlaceAfter(lot, req.GetName(), req.GetAfter())
		if err != nil {
			return nil, err
		}
		places := domain.Arrange(lot, req.GetName(), at)
		row, err := store.Obstacles.Update(tx, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			return o.Move(domain.RankIn(places, o.Name, o.Rank))
		})
		if err != nil {
			return nil, err
		}
		return wire.Obstacle(row), store.MoveOthers(tx, places, req.GetName())
	})
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
			return o.MakeCurrent(other, req.GetInsteadOf(), req.GetReason())
		})
		if err != nil {
			return nil, err
		}
		if other.Name != "" {
			err = parkAgain(tx, team, other.Name, req.GetReason())
		}
		return wire.Obstacle(row), err
	})
}

// parkAgain puts the obstacle that was current at the front of the parking lot.
func parkAgain(tx *eventlog.Tx, team, name, reason string) error {
	rank, err := store.RankAtFront(tx, team, name)
	if err != nil {
		return err
	}
	_, err = store.Obstacles.Update(tx, name, "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
		return o.Park(rank, reason), nil
	})
	return err
}

// SettleObstacle ends the work on an obstacle.
func (s *Server) SettleObstacle(ctx context.Context, req *cyclev1.SettleObstacleRequest) (*cyclev1.Obstacle, error) {
	return s.changeObstacle(ctx, req, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
		return o.Settle(wire.ObstacleState(req.GetState()), req.GetReason())
	})
}

// changeObstacle makes one write with one rule about one obstacle.
func (s *Server) changeObstacle(
	ctx context.Context, req proto.Message, name, etag string, rule func(o *domain.Obstacle, now time.Time) ([]domain.Event, error),
) (*cyclev1.Obstacle, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		row, err := store.Obstacles.Update(tx, name, etag, rule)
		if err != nil {
			return nil, err
		}
		return wire.Obstacle(row), nil
	})
}
