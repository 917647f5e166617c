// Package identity is the service that knows who is who: users, teams, members and tokens. It alone turns a credential
// into the signed caller token that every other service trusts.
package identity

import (
	"context"
	"crypto/ed25519"

	"google.golang.org/grpc"

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
}

// Service is the running service. Run, Ready and Close are those of its base.
type Service struct {
	*service.Base
	keys   *keyring.Keyring
	server *rpc.Server
}

// New opens the service's database, migrates it and prepares the first start.
func New(ctx context.Context, kit service.Kit, cfg Config) (*Service, error) {
	base, err := service.Open(ctx, kit, "identity", migrations.FS)
	if err != nil {
		return nil, err
	}
	keys := keyring.New(base.Log)
	s := &Service{Base: base, keys: keys, server: rpc.New(base.Log, keys, cfg.ServiceKey)}
	if err := s.firstStart(ctx, cfg); err != nil {
		_ = base.Close()
		return nil, err
	}
	return s, nil
}

// Register registers the service's methods.
func (s *Service) Register(r grpc.ServiceRegistrar) { s.server.Register(r) }

// Key returns the public key with the given id, or caller.ErrUnknownKey: the Keys of a caller.Verifier in this process.
// Other processes ask the method ListSigningKeys.
func (s *Service) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	return s.keys.Public(ctx, kid)
}
