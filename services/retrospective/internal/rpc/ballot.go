package rpc

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

// CastVotes takes the ballot of a member, or other votes for a ballot. Who cast it stays out of everything that is kept.
func (s *Server) CastVotes(ctx context.Context, req *retrospectivev1.CastVotesRequest) (*retrospectivev1.Ballot, error) {
	voter := caller.From(ctx)
	if err := mayVote(voter, req.GetName()); err != nil {
		return nil, err
	}
	mark := domain.Mark(s.key, "ballot", req.GetName(), voter.Subject)
	secret := req.GetSecret()
	if secret == "" {
		secret = rand.Text()
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Ballot, error) {
		retrospective, err := store.Retrospectives.Hold(tx, req.GetName())
		if err != nil {
			return nil, err
		}
		themes, err := store.ThemesOf(tx, req.GetName())
		if err != nil {
			return nil, err
		}
		exists := func(name string) bool {
			return slices.ContainsFunc(themes, func(row record.Row[domain.Theme]) bool { return row.Value.Name == name })
		}
		err = store.ChangeBallots(tx, req.GetName(), func(b *domain.Ballots) error {
			if req.GetSecret() != "" {
				return b.Replace(secret, req.GetThemes(), exists, retrospective.Value)
			}
			return b.Cast(mark, secret, req.GetThemes(), exists, retrospective.Value)
		})
		if err != nil {
			return nil, err
		}
		return &retrospectivev1.Ballot{Themes: req.GetThemes(), Secret: secret}, nil
	})
}

// mayVote refuses whoever is no member or coach of the team. A bot or an administrator may write to a team; ballots of theirs beside that of
// a single member would lay this one open, for it takes three.
func mayVote(voter caller.Caller, retrospective string) error {
	role := voter.Teams[strings.TrimPrefix(teamOf(retrospective), "teams/")]
	if voter.Service || voter.Bot() != "" || role != caller.Member && role != caller.Coach {
		return fault.New(fault.PermissionDenied, "VOTER_NOT_A_MEMBER", "votes are given by the members and coaches of the team themselves")
	}
	return nil
}

// whyNoVotes says why the themes of a retrospective show no votes, or earlier ones.
func (s *Server) whyNoVotes(ctx context.Context, name string) (string, error) {
	retrospective, err := store.Retrospectives.Get(ctx, s.log, name)
	if err != nil {
		return "", err
	}
	ballots, err := store.Ballots(ctx, s.log.DB().Read(), s.log, name)
	if err != nil {
		return "", err
	}
	themes, err := store.Themes.All(ctx, s.log.DB().Read(), s.log, name, string(domain.ThemeStateKept))
	if err != nil {
		return "", err
	}
	shown := slices.ContainsFunc(themes, func(row record.Row[domain.Theme]) bool { return row.Value.Votes != nil })
	return ballots.WhyNoVotes(retrospective.Value.Stage, shown), nil
}
