// Package notification owns the due points of cycles and what was answered to them.
package notification

import (
	"context"

	"google.golang.org/grpc"

	notificationv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/notification/internal/consumer"
	"github.com/fortnighthq/fortnight/services/notification/internal/rpc"
	"github.com/fortnighthq/fortnight/services/notification/internal/store/migrations"
)

// Name is the service's name in addresses, events and settings.
const Name = "notification"

// Service is the notification service.
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
	notificationv1.RegisterNotificationServiceServer(registrar, s.server)
}
