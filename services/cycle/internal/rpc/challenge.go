package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateChallenge activates a challenge. Who creates it owns it unless somebody else is named.
func (s *Server) CreateChallenge(ctx context.Context, req *cyclev1.CreateChallengeRequest) (*cyclev1.Challenge, error) {
	given, parent := req.GetChallenge(), req.GetParent()
	horizon, err := domain.ParseDay("challenge.horizon_date", given.GetHorizonDate())
	if err != nil {
		return nil, err
	}
	owner := person(caller.From(ctx))
	if given.GetOwner() != "" {
		owner = given.GetOwner()
		if err := s.activeUser(ctx, "challenge.owner", owner); err != nil {
			return nil, err
		}
	}
	team, err := s.team(ctx, parent)
	if err != nil {
		return nil, err
	}
	plan := domain.Challenge{
		Name: parent + "/challenges/" + names.ID(req.GetChallengeId()), Statement: given.GetStatement(), HorizonDate: horizon, Owner: owner,
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Challenge, error) {
		if err := tx.Lock(parent); err != nil { // no other one becomes active between the look and the commit
			return nil, err
		}
		active, err := store.ActiveChallenge(tx, parent)
		if err != nil {
			return nil, err
		}
		challenge, err := domain.NewChallenge(plan, active, domain.Today(tx.Now(), team.zone))
		if err != nil {
			return nil, err
		}
		row, err := store.Challenges.Create(tx, challenge, domain.ChallengeCreated)
		if err != nil {
			return nil, err
		}
		return wire.Challenge(row), nil
	})
}

// GetChallenge gets a challenge.
func (s *Server) GetChallenge(ctx context.Context, req *cyclev1.GetChallengeRequest) (*cyclev1.Challenge, error) {
	row, err := store.Challenges.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Challenge(row), nil
}

// ListChallenges lists a team's challenges.
func (s *Server) ListChallenges(ctx context.Context, req *cyclev1.ListChallengesRequest) (*cyclev1.ListChallengesResponse, error) {
	rows, next, err := store.Challenges.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListChallengesResponse{Challenges: record.Map(rows, wire.Challenge), NextPageToken: next}, nil
}

// UpdateChallenge changes an active challenge.
func (s *Server) UpdateChallenge(ctx context.Context, req *cyclev1.UpdateChallengeRequest) (*cyclev1.Challenge, error) {
	given := req.GetChallenge()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "statement", "horizon_date", "owner")
	if err != nil {
		return nil, err
	}
	change := wire.ChallengeChange(given, paths)
	if change.HorizonDate != nil {
		if _, err := domain.ParseDay("challenge.horizon_date", given.GetHorizonDate()); err != nil {
			return nil, err
		}
	}
	found, err := store.Challenges.Get(ctx, s.log, given.GetName())
	if err != nil {
		return nil, err
	}
	if owner := change.Owner; owner != nil && *owner != "" && *owner != found.Value.Owner {
		if err := s.activeUser(ctx, "challenge.owner", *owner); err != nil {
			return nil, err
		}
	}
	team, err := s.team(ctx, teamOf(given.GetName()))
	if err != nil {
		return nil, err
	}
	return s.changeChallenge(ctx, req, given.GetName(), req.GetEtag(), func(c *domain.Challenge, leading *domain.TargetCondition, now time.Time) ([]domain.Event, error) {
		return c.Edit(change, leading, domain.Today(now, team.zone))
	})
}

// CloseChallenge ends the active challenge as met or replaced.
func (s *Server) CloseChallenge(ctx context.Context, req *cyclev1.CloseChallengeRequest) (*cyclev1.Challenge, error) {
	return s.changeChallenge(ctx, req, req.GetName(), req.GetEtag(), func(c *domain.Challenge, leading *domain.TargetCondition, _ time.Time) ([]domain.Event, error) {
		name := ""
		if leading != nil {
			name = leading.Name
		}
		return c.Close(wire.ChallengeState(req.GetState()), req.GetReason(), name)
	})
}

// changeChallenge applies one rule to a challenge and to the active target condition that leads towards it, if any.
func (s *Server) changeChallenge(
	ctx context.Context, req proto.Message, name, etag string,
	rule func(c *domain.Challenge, leading *domain.TargetCondition, now time.Time) ([]domain.Event, error),
) (*cyclev1.Challenge, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Challenge, error) {
		if err := tx.Lock(teamOf(name)); err != nil { // no target condition becomes active between the look and the commit
			return nil, err
		}
		leading, err := store.TargetConditionTowards(tx, name)
		if err != nil {
			return nil, err
		}
		row, err := store.Challenges.Update(tx, name, etag, func(c *domain.Challenge, now time.Time) ([]domain.Event, error) {
			return rule(c, leading, now)
		})
		if err != nil {
			return nil, err
		}
		return wire.Challenge(row), nil
	})
}
