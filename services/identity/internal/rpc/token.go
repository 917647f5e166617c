package rpc

import (
	"context"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateToken creates a token. Its answer is the only place where the secret ever shows, which is why the request has no
// request_id: answers of repeatable requests are stored.
func (s *Server) CreateToken(ctx context.Context, req *identityv1.CreateTokenRequest) (*identityv1.Token, error) {
	given, secret := wire.ToToken(req.GetToken()), keyring.NewSecret(domain.TokenSecret)
	given.Name = domain.TokenName(req.GetParent(), names.ID(req.GetTokenId()))
	byAdmin := mayGiveAdmin(caller.From(ctx))
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Token, error) {
		if err := checkOwner(tx, req.GetParent()); err != nil {
			return nil, err
		}
		t, events, err := domain.NewToken(given, byAdmin, tx.Now())
		if err != nil {
			return nil, err
		}
		row, err := store.CreateToken(tx, t, secret, events...)
		if err != nil {
			return nil, err
		}
		return wire.NewToken(row, secret), nil
	})
}

// checkOwner refuses a token for whom it would not let in.
func checkOwner(tx *eventlog.Tx, owner string) error {
	if domain.TeamID(owner) != "" {
		team, err := store.Teams.Must(tx, owner)
		if err != nil {
			return err
		}
		return team.Value.CheckActive("parent")
	}
	user, err := store.Users.Must(tx, owner)
	if err != nil {
		return err
	}
	return user.Value.CheckActive("parent")
}

// ListTokens lists the tokens of a user or of a team's bots by id, also those that are over.
func (s *Server) ListTokens(ctx context.Context, req *identityv1.ListTokensRequest) (*identityv1.ListTokensResponse, error) {
	if err := s.ownerThere(ctx, req.GetParent()); err != nil {
		return nil, err
	}
	rows, next, err := store.Tokens.List(ctx, s.log, page(ctx, req, req.GetParent()))
	if err != nil {
		return nil, err
	}
	uses, err := store.TokenUses(ctx, s.log.DB().Read(), req.GetParent())
	if err != nil {
		return nil, err
	}
	tokens := record.Map(rows, func(row record.Row[domain.Token]) *identityv1.Token {
		return wire.UsedToken(row, uses[row.Value.Name])
	})
	return &identityv1.ListTokensResponse{Tokens: tokens, NextPageToken: next}, nil
}

// ownerThere refuses a parent that is not there.
func (s *Server) ownerThere(ctx context.Context, owner string) (err error) {
	if domain.TeamID(owner) != "" {
		_, err = store.Teams.Get(ctx, s.log, owner)
	} else {
		_, err = store.Users.Get(ctx, s.log, owner)
	}
	return err
}

// RevokeToken revokes a token.
func (s *Server) RevokeToken(ctx context.Context, req *identityv1.RevokeTokenRequest) (*identityv1.Token, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Token, error) {
		row, err := store.Tokens.Update(tx, req.GetName(), "", func(t *domain.Token, now time.Time) ([]domain.Event, error) {
			return t.Revoke(now)
		})
		if err != nil {
			return nil, err
		}
		uses, err := store.TokenUses(ctx, tx, domain.Parent(req.GetName()))
		if err != nil {
			return nil, err
		}
		return wire.UsedToken(row, uses[req.GetName()]), nil
	})
}
