// Package report computes learning reports from the events of the other services.
package report

import (
	"context"

	"google.golang.org/grpc"

	reportv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/report/internal/consumer"
	"github.com/fortnighthq/fortnight/services/report/internal/rpc"
	"github.com/fortnighthq/fortnight/services/report/internal/store/migrations"
)

// Name is the service's name in addresses, events and settings.
const Name = "report"

// Service is the report service.
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
	for _, source := range consumer.Sources {
		base.Consume(source, consumer.Handle)
	}
	return &Service{Base: base, server: rpc.New(base.Log, kit.Clock)}, nil
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	reportv1.RegisterReportServiceServer(registrar, s.server)
}
