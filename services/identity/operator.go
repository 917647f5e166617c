package identity

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
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// firstStart opens the way to the first admin while there is no user: with the operator's token at once, else with a
// bootstrap token that is new at every start.
func (s *Service) firstStart(ctx context.Context, cfg Config) error {
	secret := keyring.NewSecret()
	if cfg.BootstrapToken != "" {
		var err error
		if secret, err = domain.ChosenSecret(cfg.BootstrapToken); err != nil {
			return err
		}
	}
	offered := false
	err := s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		empty, err := store.Empty(ctx, tx)
		if err != nil || !empty {
			return err
		}
		if cfg.BootstrapToken == "" {
			offered = true
			return store.OfferBootstrap(tx, secret)
		}
		admin := domain.User{Name: domain.UserName("admin"), DisplayName: "Admin", Roles: []domain.OrganizationRole{domain.Admin}}
		token := domain.Token{Name: domain.TokenName(admin.Name, "bootstrap"), DisplayName: "Token from the settings"}
		_, _, err = store.Admit(tx, admin, token, secret)
		return err
	})
	if err == nil && offered && cfg.Announce != nil {
		cfg.Announce(secret.Reveal())
	}
	return err
}

// IssueToken makes a token for a user without anybody's leave, and returns its secret, which is shown nowhere else. A
// user who does not exist is created with the display name and roles; one who does keeps what it has. lifetime is 90 days
// when zero, 400 days at most. It is for the operator and the demo, and not reachable by any method.
func (s *Service) IssueToken(ctx context.Context, userID, displayName string, roles []identityv1.OrganizationRole, lifetime time.Duration) (secret string, err error) {
	if !names.ValidID(userID) {
		return "", fault.Invalid("user_id", "ID_INVALID", "%q is no id: 1 to 63 lower-case letters, digits and hyphens", userID)
	}
	user := domain.User{Name: domain.UserName(userID), DisplayName: displayName, Roles: wire.ToOrganizationRoles(roles)}
	made := keyring.NewSecret()
	err = s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		token := domain.Token{Name: domain.TokenName(user.Name, names.ID("")), DisplayName: "Issued by the operator"}
		if lifetime != 0 {
			token.ExpireTime = tx.Now().Add(lifetime)
		}
		_, _, err := store.Admit(tx, user, token, made)
		return err
	})
	if err != nil {
		return "", err
	}
	return made.Reveal(), nil
}

// asOperator is whose deed it is when nobody called a method.
func asOperator(ctx context.Context) context.Context {
	return caller.With(ctx, caller.Caller{Subject: "services/identity", Service: true})
}
