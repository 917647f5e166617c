// Package experiment owns metrics, measurements, process behaviour charts, experiments and hold checks.
package experiment

import (
	"context"
	"crypto/rand"

	"google.golang.org/grpc"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/consumer"
	"github.com/fortnighthq/fortnight/services/experiment/internal/rpc"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

// Name is the service's name in addresses, events and settings.
const Name = "experiment"

// Service is the experiment service. Run, Ready and Close are those of its base.
type Service struct {
	*service.Base
	server *rpc.Server
}

// New opens the service's database and wires it.
func New(ctx context.Context, kit service.Kit) (*Service, error) {
	base, err := service.Open(ctx, kit, Name, store.Migrations)
	if err != nil {
		return nil, err
	}
	base.Keep(store.Archive()...)
	base.Consume("retrospective", consumer.Retrospective)
	key := kit.SecretKey
	if len(key) == 0 { // the secrets of delivery sources then end with the process
		key = []byte(rand.Text())
	}
	return &Service{Base: base, server: rpc.New(base.Log, kit.Conn, key)}, nil
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	experimentv1.RegisterExperimentServiceServer(registrar, s.server)
}
