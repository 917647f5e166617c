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

// prepare reconciles the provisioning file and opens the way to the first admin. A token of the settings comes first, so
// that its user is there for the file; a bootstrap token is made last, and only when the file has nobody.
func (s *Service) prepare(ctx context.Context, cfg Config) error {
	if cfg.Operate {
		return nil
	}
	if cfg.BootstrapToken != "" {
		if err := s.firstStart(ctx, cfg); err != nil {
			return err
		}
		return s.provision(ctx, cfg.ProvisioningFile)
	}
	if err := s.provision(ctx, cfg.ProvisioningFile); err != nil {
		return err
	}
	return s.firstStart(ctx, cfg)
}

// FirstAdmin is the id of the admin whom this start created by Config.BootstrapToken; empty at every other start.
func (s *Service) FirstAdmin() string { return s.firstAdmin }

// firstStart opens the way to the first admin while there is no user: with the operator's token at once, else with a
// bootstrap token that is new at every start.
func (s *Service) firstStart(ctx context.Context, cfg Config) error {
	secret := keyring.NewSecret(domain.TokenSecret)
	if cfg.BootstrapToken != "" {
		var err error
		if secret, err = domain.ChosenSecret(cfg.BootstrapToken); err != nil {
			return err
		}
	}
	offered := false
	err := s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		offered, s.firstAdmin = false, "" // it may run again
		empty, err := store.Empty(ctx, tx)
		if err != nil || !empty {
			return err
		}
		if cfg.BootstrapToken == "" {
			offered = true
			return store.OfferBootstrap(tx, secret)
		}
		admin := domain.User{Name: domain.UserName("admin"), DisplayName: "Admin", Roles: []domain.OrganizationRole{domain.Admin}}
		token := domain.Token{
			Name: domain.TokenName(admin.Name, "bootstrap"), DisplayName: "Token from the settings", Scopes: []domain.Scope{domain.ScopeAdmin},
		}
		_, _, err = store.Admit(tx, admin, token, secret)
		if err == nil {
			s.firstAdmin = domain.ID(admin.Name)
		}
		return err
	})
	if err == nil && offered && cfg.Announce != nil {
		cfg.Announce(secret.Reveal())
	}
	return err
}

// IssueToken is Issue for a user with roles, with a token that carries everything that its user may do.
func (s *Service) IssueToken(ctx context.Context, userID, displayName string, roles []identityv1.OrganizationRole, lifetime time.Duration) (secret string, err error) {
	return s.Issue(ctx, Issue{User: userID, DisplayName: displayName, Roles: roles, Lifetime: lifetime})
}

// Issue is a token that the operator wants.
type Issue struct {
	// User is the user's id. One who does not exist is created with DisplayName and Roles; one who does keeps what it has.
	User, DisplayName string
	Roles             []identityv1.OrganizationRole
	// Lifetime is 90 days when zero, 400 days at most.
	Lifetime time.Duration
	// Scopes are what the token may be used for; everything that its user may do when there is none.
	Scopes []string
}

// Issue makes a token for a user without anybody's leave, and returns its secret, which is shown nowhere else. A user who is
// deactivated is refused. It is for the operator and the demo, and not reachable by any method.
func (s *Service) Issue(ctx context.Context, i Issue) (secret string, err error) {
	user, err := i.user()
	if err != nil {
		return "", err
	}
	scopes := []domain.Scope{domain.ScopeAdmin}
	if len(i.Scopes) > 0 {
		scopes = nil
		for _, scope := range i.Scopes {
			scopes = append(scopes, domain.Scope(scope))
		}
	}
	made := keyring.NewSecret(domain.TokenSecret)
	err = s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		token := domain.Token{Name: domain.TokenName(user.Name, names.ID("")), DisplayName: "Issued by the operator", Scopes: scopes}
		if i.Lifetime != 0 {
			token.ExpireTime = tx.Now().Add(i.Lifetime)
		}
		_, _, err := store.Admit(tx, user, token, made)
		return err
	})
	if err != nil {
		return "", err
	}
	return made.Reveal(), nil
}

// EnsureUser creates the user of i when there is none. It is for the operator, whose sign-in link needs a user.
func (s *Service) EnsureUser(ctx context.Context, i Issue) error {
	user, err := i.user()
	if err != nil {
		return err
	}
	return s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		_, known, err := store.Users.Find(tx, user.Name)
		if err != nil || known {
			return err
		}
		x, events, err := domain.NewUser(user)
		if err == nil {
			_, err = store.Users.Create(tx, x, events...)
		}
		return err
	})
}

func (i Issue) user() (domain.User, error) {
	if !names.ValidID(i.User) {
		return domain.User{}, fault.Invalid("user_id", "ID_INVALID", "%q is no id: 1 to 63 lower-case letters, digits and hyphens", i.User)
	}
	return domain.User{Name: domain.UserName(i.User), DisplayName: i.DisplayName, Roles: wire.ToOrganizationRoles(i.Roles)}, nil
}

// asOperator is whose deed it is when nobody called a method.
func asOperator(ctx context.Context) context.Context {
	return caller.With(ctx, caller.Caller{Subject: "services/identity", Service: true})
}
