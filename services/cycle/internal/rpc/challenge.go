package rpc

import (
	"context"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateChallenge creates a challenge.
func (s *Server) CreateChallenge(ctx context.Context, req *cyclev1.CreateChallengeRequest) (*cyclev1.Challenge, error) {
	horizon, err := domain.ParseDay("challenge.horizon_date", req.GetChallenge().GetHorizonDate())
	if err != nil {
		return nil, err
	}
	team, err := s.team(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Challenge, error) {
		name := req.GetParent() + "/challenges/" + names.ID(req.GetChallengeId())
		challenge, err := domain.NewChallenge(name, req.GetChallenge().GetStatement(), horizon, domain.Today(tx.Now(), team.zone))
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
