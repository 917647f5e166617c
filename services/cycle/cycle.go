// Package cycle owns challenges, value streams, target conditions, obstacles, cycles with their gates, andons, the pain ladder,
// coaching sessions and the capacity ledger.
package cycle

import (
	"context"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/rpc"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

// Name is the service's name in addresses, events and settings.
const Name = "cycle"

// Service is the cycle service.
type Service struct {
	*service.Base
	server *rpc.Server
}

// New opens the service's database and wires it.
func New(ctx context.Context, kit service.Kit) (*Service, error) {
	base, err := service.Open(ctx, kit, Name, migrations.FS)
	if err != nil {
		return nil, err
	}
	base.Keep(store.Archive()...)
	return &Service{Base: base, server: rpc.New(base.Log, kit.Clock, kit.Conn)}, nil
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	cyclev1.RegisterCycleServiceServer(registrar, s.server)
}
