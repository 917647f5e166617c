package rpc

import (
	"context"
	"strings"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// RecognizeObstacle tells where else the same obstacle was met, as far as the caller may read.
func (s *Server) RecognizeObstacle(ctx context.Context, req *cyclev1.RecognizeObstacleRequest) (*cyclev1.RecognizeObstacleResponse, error) {
	row, err := store.Obstacles.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := store.IndexNewWords(ctx, s.log); err != nil {
		return nil, err
	}
	own := store.TextOf(row.Value)
	texts, err := store.TextsLike(ctx, s.log.DB().Read(), own)
	if err != nil {
		return nil, err
	}
	same := domain.Recognize(own, texts, caller.From(ctx).CanRead)
	obstacles, err := store.ObstaclesNamed(ctx, s.log, same.Names())
	if err != nil {
		return nil, err
	}
	return wire.Recognized(row.Value, same, obstacles), nil
}

// LinkObstacle confirms that an obstacle is the same as another one. The team's obstacles that were the same as the first one
// come with it.
func (s *Server) LinkObstacle(ctx context.Context, req *cyclev1.LinkObstacleRequest) (*cyclev1.Obstacle, error) {
	who, team := caller.From(ctx), teamOf(req.GetName())
	if !mayConfirm(who) {
		return nil, personNeeded()
	}
	if req.GetSameAs() == req.GetName() {
		return nil, fault.Invalid("same_as", "LINK_TO_ITSELF", "an obstacle is the same as itself; name another one")
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		if err := tx.Lock(team); err != nil {
			return nil, err
		}
		recurrence, err := readableRecurrence(tx, who, req.GetSameAs())
		if err != nil {
			return nil, err
		}
		before := ""
		row, err := store.Obstacles.Update(tx, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			before = o.RecurrenceID()
			return o.Link(recurrence), nil
		})
		if err != nil {
			return nil, err
		}
		return wire.Obstacle(row), linkOthers(tx, team, before, recurrence)
	})
}

// linkOthers links the team's obstacles that have one recurrence id to those that have another one.
func linkOthers(tx *eventlog.Tx, team, before, recurrence string) error {
	others, err := store.LinkedInTeam(tx, team, before)
	if err != nil {
		return err
	}
	for _, other := range others {
		if _, err := store.Obstacles.Update(tx, other, "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			return o.Link(recurrence), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// UnlinkObstacle takes back that an obstacle is the same as others.
func (s *Server) UnlinkObstacle(ctx context.Context, req *cyclev1.UnlinkObstacleRequest) (*cyclev1.Obstacle, error) {
	if !mayConfirm(caller.From(ctx)) {
		return nil, personNeeded()
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Obstacle, error) {
		if err := tx.Lock(teamOf(req.GetName())); err != nil { // as LinkObstacle, which may be about to take this one along
			return nil, err
		}
		row, err := store.Obstacles.Update(tx, req.GetName(), req.GetEtag(), func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			return o.Unlink(names.ID("")), nil
		})
		if err != nil {
			return nil, err
		}
		return wire.Obstacle(row), nil
	})
}

// readableRecurrence is the recurrence id of an obstacle. One that the caller may not read is answered as one that does not exist.
func readableRecurrence(tx *eventlog.Tx, who caller.Caller, name string) (string, error) {
	team, _, _ := strings.Cut(strings.TrimPrefix(name, "teams/"), "/")
	if who.CanRead(team) {
		row, found, err := store.Obstacles.Find(tx, name)
		if err != nil {
			return "", err
		}
		if found {
			return row.Value.RecurrenceID(), nil
		}
	}
	return "", fault.Invalid("same_as", "OBSTACLE_NOT_FOUND", "there is no obstacle %q that you may read; :recognize shows some that may be the same", name)
}

func personNeeded() error {
	return fault.New(fault.PermissionDenied, "PERSON_NEEDED", "a person of the team says which obstacles are the same, not a bot or a service")
}
