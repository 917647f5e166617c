// Package identity is the service that knows who is who: users, teams, members and tokens. It alone turns a credential
// into the signed caller token that every other service trusts.
package identity

import (
	"context"
	"crypto/ed25519"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/rpc"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

// Config holds the settings of this service. All of it is secret.
type Config struct {
	// ServiceKey is what the services and the gateway of one installation authenticate with. When empty, none can.
	ServiceKey string
	// BootstrapToken becomes the token of the user "admin" when there is no user yet: at least 20 characters.
	BootstrapToken string
	// Announce is given the bootstrap token of an installation that has no user yet, once per start, to show it to the
	// operator. It is not called when BootstrapToken is set.
	Announce func(token string)
	// ProvisioningFile says which users, teams, members and tokens there are; see docs/provisioning.md. It is reconciled at
	// every start. When empty, what a file owned before is given free.
	ProvisioningFile string
	// Operate opens the service for one command of the operator: nothing is reconciled, made or announced.
	Operate bool
	// OIDC is the organisation's OpenID provider. Without one people sign in with links.
	OIDC OIDC
	// SessionIdle is how long a browser's session lives without being used, 24 hours when zero; SessionLifetime how long at
	// most, 30 days when zero.
	SessionIdle, SessionLifetime time.Duration
	// AuditRetention is how long the audit log is kept, 30 days at least; for ever when zero.
	AuditRetention time.Duration
}

// Service is the running service. Ready and Close are those of its base.
type Service struct {
	*service.Base
	keys   *keyring.Keyring
	server *rpc.Server
	audit  auditKeeper
	// firstAdmin is the id of the admin whom this start created.
	firstAdmin string
}

// New opens the service's database, migrates it and prepares the first start.
func New(ctx context.Context, kit service.Kit, cfg Config) (*Service, error) {
	if err := domain.CheckAuditRetention(cfg.AuditRetention); err != nil {
		return nil, err
	}
	base, err := service.Open(ctx, kit, "identity", migrations.FS)
	if err != nil {
		return nil, err
	}
	keys := keyring.New(base.Log)
	keys.Logger = kit.Logger
	s := &Service{Base: base, keys: keys, server: rpc.New(base.Log, keys, cfg.ServiceKey)}
	s.audit = auditKeeper{log: base.Log, logger: kit.Logger, retention: cfg.AuditRetention}
	signIn, err := cfg.signIn(base.Log.Now)
	if err != nil {
		_ = base.Close()
		return nil, err
	}
	s.server.UseSignIn(signIn)
	if err := s.prepare(ctx, cfg); err != nil {
		_ = base.Close()
		return nil, err
	}
	return s, nil
}

// Run does what the base does, and deletes audit events after their retention and sign-ins after their end, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Base.Run(ctx) })
	group.Go(func() error { return s.audit.run(ctx) })
	group.Go(func() error { return s.purgeSignIns(ctx) })
	return group.Wait()
}

// Register registers the service's methods.
func (s *Service) Register(r grpc.ServiceRegistrar) { s.server.Register(r) }

// Key returns the public key with the given id, or caller.ErrUnknownKey: the Keys of a caller.Verifier in this process.
// Other processes ask the method ListSigningKeys.
func (s *Service) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	return s.keys.Public(ctx, kid)
}
