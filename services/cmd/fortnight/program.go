package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fortnighthq/fortnight/gateway"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/mutualtls"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

// Program is the one program: the chosen services, and the gateway, in one process. It starts in New, works in Run and
// ends in Close.
type Program struct {
	settings   Settings
	chosen     []string
	logger     *slog.Logger
	clock      func() time.Time
	serviceKey string
	// secretKey is what secrets are made from; it lies outside of the databases.
	secretKey []byte
	announce  func(bootstrapToken string)

	// certificates are what the processes of the installation prove themselves with; nil without TLS.
	certificates *mutualtls.Source

	server   *rpcserver.Server
	conns    *connections
	watches  *eventlogrpc.Server
	bus      *bus.Bus
	identity *identity.Service
	services []running
	gateway  *gateway.Gateway
	metrics  *telemetry.Metrics
	denials  *audit.Denials

	httpListener, grpcListener, adminListener net.Listener
	operatorListener                          net.Listener
	draining                                  atomic.Bool
	// closers undo what New did; they run in reverse.
	closers []func()
}

// newProgram opens everything that the chosen services need; the order of the steps is the order of reliability: lock, broker,
// databases, listeners. announce, which may be nil, is given the bootstrap token of an empty installation.
func newProgram(ctx context.Context, settings Settings, chosen []string, logger *slog.Logger, announce func(string)) (*Program, error) {
	return newProgramAt(ctx, time.Now, settings, chosen, logger, announce)
}

// newProgramAt is newProgram at a time of one's own.
func newProgramAt(
	ctx context.Context, clock func() time.Time, settings Settings, chosen []string, logger *slog.Logger, announce func(string),
) (*Program, error) {
	p := &Program{settings: settings, chosen: chosen, logger: logger, clock: clock, announce: announce}
	for _, step := range []func(context.Context) error{
		p.chooseServiceKey, p.lockDirectories, p.chooseSecretKey, p.openServer, p.openBus, p.openServices, p.openGateway, p.listen, p.listenForOperator,
	} {
		if err := step(ctx); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// has tells whether this process runs the service or the gateway.
func (p *Program) has(name string) bool { return slices.Contains(p.chosen, name) }

// local lists the services of this process.
func (p *Program) local() []string {
	return slices.DeleteFunc(slices.Clone(p.chosen), func(name string) bool { return name == gatewayName })
}

func (p *Program) onClose(undo func()) { p.closers = append(p.closers, undo) }

// ready tells whether every service of this process can write to its own database, and the program is not stopping.
// NATS and other processes do not count.
func (p *Program) ready(ctx context.Context) error {
	if p.draining.Load() {
		return errors.New("the program is stopping")
	}
	for _, s := range p.services {
		if err := s.Ready(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.EventLog().Source(), err)
		}
	}
	return nil
}

// Run works until ctx ends, and then stops in order: unready but serving, doors closed, requests finished, consumers and relays
// stopped. It returns nil after an orderly end.
func (p *Program) Run(ctx context.Context) error {
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	group, failed := errgroup.WithContext(working)
	for _, s := range p.services {
		group.Go(func() error { return s.Run(failed) })
	}
	group.Go(func() error { return p.denials.Run(failed) })
	httpServer := p.serve(failed, group)
	p.server.SetServing(true)

	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	p.draining.Store(true)
	p.server.SetServing(false)
	if ctx.Err() != nil && p.settings.DrainDelay > 0 {
		p.logger.Info("draining", "for", p.settings.DrainDelay)
		<-time.After(p.settings.DrainDelay)
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.settings.StopTimeout)
	defer cancel()
	if p.gateway != nil {
		p.gateway.Close() // ends the live streams, which would never end by themselves
	}
	if httpServer != nil {
		_ = httpServer.Shutdown(bounded)
	}
	p.watches.Close() // of other processes; they would never end by themselves either
	_ = p.server.Stop(bounded)
	stopWorking()
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Addr is where REST answers, host:port; empty without the gateway.
func (p *Program) Addr() string {
	if p.httpListener == nil {
		return ""
	}
	return p.httpListener.Addr().String()
}

// Close undoes what newProgram did, last first: databases before the broker, the locks at the very end. It may be called once, after Run.
func (p *Program) Close() {
	for _, undo := range slices.Backward(p.closers) {
		undo()
	}
	p.closers = nil
}
