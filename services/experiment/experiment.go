// Package experiment owns metrics, measurements, process behaviour charts, experiments and hold checks.
package experiment

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/consumer"
	"github.com/fortnighthq/fortnight/services/experiment/internal/rpc"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

// Name is the service's name in addresses, events and settings.
const Name = "experiment"

// Service is the experiment service. Ready and Close are those of its base.
type Service struct {
	*service.Base
	server *rpc.Server
	logger *slog.Logger
}

// New opens the service's database and wires it.
func New(ctx context.Context, kit service.Kit) (*Service, error) {
	base, err := service.Open(ctx, kit, Name, store.Migrations)
	if err != nil {
		return nil, err
	}
	logger := kit.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	base.Keep(store.Archive()...)
	base.Consume("retrospective", consumer.Retrospectives(logger))
	key := kit.SecretKey
	if len(key) == 0 { // the secrets of delivery sources then end with the process
		key = []byte(rand.Text())
	}
	return &Service{Base: base, logger: logger, server: rpc.New(base.Log, kit.Conn, key)}, nil
}

// weeksEvery is how often it is looked whether a week is over.
const weeksEvery = time.Minute

// Run is that of the base, and writes the readings of the weeks that are over until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Base.Run(ctx) })
	group.Go(func() error { return s.completeWeeks(ctx) })
	return group.Wait()
}

func (s *Service) completeWeeks(ctx context.Context) error {
	tick := time.NewTicker(weeksEvery)
	defer tick.Stop()
	for {
		if err := store.CompleteWeeks(ctx, s.Log); err != nil && ctx.Err() == nil {
			s.logger.Warn("readings of the weeks that are over could not be written", "service", Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Register puts the service's contract on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	experimentv1.RegisterExperimentServiceServer(registrar, s.server)
}
