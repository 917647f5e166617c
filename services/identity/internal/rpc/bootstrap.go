package rpc

import (
	"context"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Bootstrap exchanges the bootstrap token for the first admin and that admin's first token.
func (s *Server) Bootstrap(ctx context.Context, req *identityv1.BootstrapRequest) (*identityv1.BootstrapResponse, error) {
	user := domain.User{
		Name: domain.UserName(req.GetUserId()), DisplayName: req.GetDisplayName(), Roles: []domain.OrganizationRole{domain.Admin},
	}
	token := domain.Token{
		Name: domain.TokenName(user.Name, "bootstrap"), DisplayName: "First token", Scopes: []domain.Scope{domain.ScopeAdmin},
	}
	secret := keyring.NewSecret(domain.TokenSecret)
	ctx = caller.With(ctx, caller.Caller{Subject: user.Name}) // whose deed it is
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.BootstrapResponse, error) {
		empty, err := store.Empty(ctx, tx)
		if err != nil {
			return nil, err
		}
		if !empty {
			return nil, fault.New(fault.FailedPrecondition, "BOOTSTRAP_DONE", "This installation has its first admin. Ask an admin for an account.")
		}
		right, err := store.TakeBootstrap(tx, domain.SentSecret(req.GetBootstrapToken()))
		if err != nil {
			return nil, err
		}
		if !right {
			return nil, fault.New(fault.Unauthenticated, "BOOTSTRAP_TOKEN_INVALID", "This is not the bootstrap token that the program printed at its last start.")
		}
		u, t, err := store.Admit(tx, user, token, secret)
		if err != nil {
			return nil, err
		}
		return &identityv1.BootstrapResponse{User: wire.User(u), Token: wire.NewToken(t, secret)}, nil
	})
}
