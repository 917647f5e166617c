// Package knowledge owns learnings and their search.
package knowledge

import (
	"context"

	"google.golang.org/grpc"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/consumer"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

// Name is the service's name in addresses, events and settings.
const Name = "knowledge"

// Service is the knowledge service.
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
	base.Consume("experiment", consumer.Experiment)
	base.Consume("retrospective", consumer.Retrospective)
	return &Service{Base: base, server: rpc.New(base.Log)}, nil
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	knowledgev1.RegisterKnowledgeServiceServer(registrar, s.server)
}
