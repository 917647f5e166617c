// Package retrospective owns the retrospectives of cycles with their notes and actions.
package retrospective

import (
	"context"

	"google.golang.org/grpc"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/rpc"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

// Name is the service's name in addresses, events and settings.
const Name = "retrospective"

// Service is the retrospective service.
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
	return &Service{Base: base, server: rpc.New(base.Log, kit.Conn)}, nil
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	retrospectivev1.RegisterRetrospectiveServiceServer(registrar, s.server)
}
