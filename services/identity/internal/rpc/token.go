package rpc

import (
	"context"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateToken creates a token. Its answer is the only place where the secret ever shows, which is why the request has no
// request_id: answers of repeatable requests are stored.
func (s *Server) CreateToken(ctx context.Context, req *identityv1.CreateTokenRequest) (*identityv1.Token, error) {
	if _, err := store.Users.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	given, secret := wire.ToToken(req.GetToken()), keyring.NewSecret()
	given.Name = domain.TokenName(req.GetParent(), names.ID(req.GetTokenId()))
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Token, error) {
		t, events, err := domain.NewToken(given, tx.Now())
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

// ListTokens lists a user's tokens by id, also those that are over.
func (s *Server) ListTokens(ctx context.Context, req *identityv1.ListTokensRequest) (*identityv1.ListTokensResponse, error) {
	if _, err := store.Users.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	rows, next, err := store.Tokens.List(ctx, s.log, page(ctx, req, req.GetParent()))
	if err != nil {
		return nil, err
	}
	return &identityv1.ListTokensResponse{Tokens: record.Map(rows, wire.Token), NextPageToken: next}, nil
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
		return wire.Token(row), nil
	})
}
