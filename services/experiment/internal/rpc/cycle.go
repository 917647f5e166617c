package rpc

import (
	"context"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// activeCycle asks for a cycle that experiments can be drafted in: one that runs, or waits for its start.
func (s *Server) activeCycle(ctx context.Context, name string) (*cyclev1.Cycle, error) {
	cycle, err := s.cycles.GetCycle(caller.Outgoing(ctx), &cyclev1.GetCycleRequest{Name: name})
	if err != nil {
		return nil, err
	}
	if state := cycle.GetState(); state != cyclev1.CycleState_CYCLE_STATE_ACTIVE && state != cyclev1.CycleState_CYCLE_STATE_DRAFT {
		return nil, fault.New(fault.FailedPrecondition, "CYCLE_NOT_ACTIVE", "The cycle has ended. Draft the experiment in the team's running cycle.").
			With("cycle", name)
	}
	return cycle, nil
}

// currentObstacle asks for the obstacle that a team works on; empty when it works on none.
func (s *Server) currentObstacle(ctx context.Context, team string) (string, error) {
	found, err := s.cycles.ListObstacles(caller.Outgoing(ctx), &cyclev1.ListObstaclesRequest{
		Parent: "teams/" + team, PageSize: 1, States: []cyclev1.ObstacleState{cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT},
	})
	if err != nil || len(found.GetObstacles()) == 0 {
		return "", err
	}
	return found.GetObstacles()[0].GetName(), nil
}

// obstacleExists asks whether there is such an obstacle. None is needed to ask for.
func (s *Server) obstacleExists(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	_, err := s.cycles.GetObstacle(caller.Outgoing(ctx), &cyclev1.GetObstacleRequest{Name: name})
	if err != nil && fault.From(err).Kind == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}
