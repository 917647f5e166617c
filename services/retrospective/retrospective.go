// Package retrospective owns the retrospectives of cycles with their notes and actions.
package retrospective

import (
	"context"
	"crypto/rand"
	"log/slog"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/clock"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/known"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/rpc"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

// Name is the service's name in addresses, events and settings.
const Name = "retrospective"

// Service is the retrospective service.
type Service struct {
	*service.Base
	server *rpc.Server
	days   clock.Task // closes the days that were tapped
	logger *slog.Logger
}

// New opens the service's database and wires it.
func New(ctx context.Context, kit service.Kit) (*Service, error) {
	base, err := service.Open(ctx, kit, Name, migrations.FS)
	if err != nil {
		return nil, err
	}
	key := kit.SecretKey
	if len(key) == 0 { // who has voted or tapped is then forgotten with the process
		key = []byte(rand.Text())
	}
	people := known.New()
	return &Service{
		Base: base, server: rpc.New(base.Log, kit.Conn, kit.ServiceContext, key, people), days: clock.GoodDays(key, people), logger: kit.Logger,
	}, nil
}

// Run is the base's, and what only time brings about.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Base.Run(ctx) })
	group.Go(func() error { return clock.Run(ctx, s.Log, s.logger, s.days) })
	return group.Wait()
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	retrospectivev1.RegisterRetrospectiveServiceServer(registrar, s.server)
}
