// Package knowledge owns learnings, their evidence and search, and the offers that carry them to other teams.
package knowledge

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/clock"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/consumer"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

// Name is the service's name in addresses, events and settings.
const Name = "knowledge"

// Service is the knowledge service.
type Service struct {
	*service.Base
	server *rpc.Server
	tasks  []clock.Task
	logger *slog.Logger
}

// New opens the service's database and wires it.
func New(ctx context.Context, kit service.Kit) (*Service, error) {
	base, err := service.Open(ctx, kit, Name, migrations.FS)
	if err != nil {
		return nil, err
	}
	base.Consume("identity", consumer.Identity)
	base.Consume("cycle", consumer.Cycle)
	base.Consume("experiment", consumer.Experiment)
	base.Consume("retrospective", consumer.Retrospective)
	return &Service{
		Base: base, server: rpc.New(base.Log, kit.Conn), logger: kit.Logger,
		tasks: slices.Concat(clock.Offers(), clock.Adoptions(kit.Conn, kit.ServiceContext), clock.Charts(kit.Conn, kit.ServiceContext)),
	}, nil
}

// Run is the base's, and what a commit or time brings about.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Base.Run(ctx) })
	group.Go(func() error { return clock.Run(ctx, s.Log, s.logger, s.tasks...) })
	group.Go(func() error { return clock.Index(ctx, s.Log, s.logger) })
	return group.Wait()
}

// soon is longer than any task waits until it tries again what it could not do because another service was away.
const soon = 2 * time.Minute

// Due counts for each task what it is to be done for: what is due by now, and what it could not do and will soon try again.
func (s *Service) Due(ctx context.Context) (map[string]int64, error) {
	counts, err := store.DueBy(ctx, s.Log, s.Log.Now().Add(soon))
	due := map[string]int64{}
	for _, task := range s.tasks {
		due[string(task.Task)] = counts[task.Task]
	}
	return due, err
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	knowledgev1.RegisterKnowledgeServiceServer(registrar, s.server)
}
