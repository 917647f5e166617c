package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fortnighthq/fortnight/gateway"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
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
	announce   func(bootstrapToken string)

	server   *rpcserver.Server
	conns    *connections
	watches  *eventlogrpc.Server
	bus      *bus.Bus
	identity *identity.Service
	services []running
	gateway  *gateway.Gateway
	metrics  *telemetry.Metrics

	httpListener, grpcListener, adminListener net.Listener
	draining                                  atomic.Bool
	// closers undo what New did; they run in reverse.
	closers []func()
}

// newProgram opens everything that the chosen services need; the order of the steps is the order of reliability: lock, broker,
// databases, listeners. announce, which may be nil, is given the bootstrap token of an empty installation.
func newProgram(ctx context.Context, settings Settings, chosen []string, logger *slog.Logger, announce func(string)) (*Program, error) {
	p := &Program{settings: settings, chosen: chosen, logger: logger, clock: time.Now, announce: announce}
	for _, step := range []func(context.Context) error{
		p.chooseServiceKey, p.openTelemetry, p.lockDirectories, p.openServer, p.openBus, p.openServices, p.openGateway, p.listen,
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

// chooseServiceKey takes the installation's key. All services in one process need none from outside.
func (p *Program) chooseServiceKey(context.Context) error {
	p.serviceKey = p.settings.ServiceKey.Reveal()
	if p.serviceKey != "" || len(p.local()) == 0 {
		return nil
	}
	if len(p.local()) < len(services) {
		return errors.New("FORTNIGHT_SERVICE_KEY is missing: services of different processes need a secret in common")
	}
	p.serviceKey = rand.Text()
	return nil
}

func (p *Program) openTelemetry(ctx context.Context) error {
	p.metrics = telemetry.NewMetrics(version)
	return nil
}

// lockDirectories takes the data directory of each service, so that no second process opens the same files.
func (p *Program) lockDirectories(context.Context) error {
	directories := p.local()
	if p.embedsBroker() {
		directories = append(directories, "nats")
	}
	if p.settings.DatabaseURL != "" && !p.embedsBroker() {
		return nil
	}
	for _, name := range directories {
		directory := filepath.Join(p.settings.DataDir, name)
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return fmt.Errorf("the data directory cannot be made: %w", err)
		}
		unlock, err := db.LockDir(directory)
		if err != nil {
			return err
		}
		p.onClose(unlock)
	}
	return nil
}

func (p *Program) embedsBroker() bool {
	return p.settings.NATSURL == "" && len(p.local()) == len(services)
}

func (p *Program) openServer(ctx context.Context) error {
	tracers, stopTracing, err := telemetry.Tracing(ctx, version, p.logger)
	if err != nil {
		return err
	}
	p.onClose(func() {
		flush, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = stopTracing(flush)
	})
	addrs, err := p.settings.serviceAddrs()
	if err != nil {
		return err
	}
	p.conns = &connections{addrs: addrs, local: p.local(), allowPlaintext: p.settings.AllowPlaintext}
	p.onClose(p.conns.close)
	keys := &caller.KeySet{Fetch: p.conns.signingKeys, Clock: p.clock}
	p.server = rpcserver.New(rpcserver.Config{
		Logger: p.logger, Verifier: &caller.Verifier{Keys: keys.Key, Clock: p.clock}, Clock: p.clock,
		Reflection: p.settings.Reflection, AllowPlaintext: p.settings.AllowPlaintext,
		TracerProvider: tracers, ObserveCall: p.metrics.ObserveCall,
	})
	p.conns.server = p.server
	return nil
}

// openBus opens the broker. Services apart need one between them; without it they still converge by filling from each
// other, but slowly, so a missing address is taken for a mistake.
func (p *Program) openBus(ctx context.Context) error {
	if len(p.local()) == 0 {
		return nil
	}
	if p.settings.NATSURL == "" && !p.embedsBroker() {
		return errors.New("FORTNIGHT_NATS_URL is missing: services of different processes need a broker between them")
	}
	opened, err := bus.Open(ctx, bus.Config{
		URL: p.settings.NATSURL, StoreDir: filepath.Join(p.settings.DataDir, "nats"), Replicas: p.settings.NATSReplicas, Logger: p.logger,
	})
	if err != nil {
		return err
	}
	p.bus = opened
	p.onClose(opened.Close)
	return nil
}

func (p *Program) openServices(ctx context.Context) error {
	kit := service.Kit{
		Logger: p.logger, Clock: p.clock, Bus: p.bus, Conn: p.conns.to, DatabaseURL: p.databaseURL,
		ServiceContext: (&credentials{conns: p.conns, key: p.serviceKey, clock: p.clock, service: strings.Join(p.local()[:min(1, len(p.local()))], "")}).outgoing,
		DisableFill:    p.settings.DisableFill,
	}
	var logs []*eventlog.Log
	for _, s := range services {
		if !p.has(s.name) {
			continue
		}
		opened, err := s.open(ctx, kit, p)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		p.onClose(func() {
			if err := opened.Close(); err != nil {
				p.logger.Error("a database did not close well", "service", s.name, "error", err)
			}
		})
		opened.Register(p.server)
		p.services = append(p.services, opened)
		logs = append(logs, opened.EventLog())
	}
	p.watches = eventlogrpc.Register(p.server, logs...)
	if err := p.metrics.Register(flow{p.services}); err != nil {
		return err
	}
	return p.server.Check()
}

func (p *Program) databaseURL(name string) string {
	if url := p.settings.DatabaseURL.Reveal(); url != "" {
		return url
	}
	return "sqlite:" + filepath.Join(p.settings.DataDir, name, name+".db")
}

func (p *Program) openGateway(context.Context) error {
	if !p.has(gatewayName) {
		return nil
	}
	opened, err := gateway.New(gateway.Config{
		Conn: p.conns.plain, EventSources: serviceNames(), Logger: p.logger, Clock: p.clock,
		PublicURL: p.settings.PublicURL, Version: version, Commit: commit, Ready: p.ready,
	})
	if err != nil {
		return err
	}
	p.gateway = opened
	p.onClose(opened.Close)
	return nil
}

// listen takes the addresses, so that a taken one is told before anything runs.
func (p *Program) listen(ctx context.Context) error {
	for _, door := range []struct {
		wanted   bool
		addr     string
		setting  string
		listener *net.Listener
	}{
		{p.has(gatewayName), p.settings.HTTPAddr, "FORTNIGHT_HTTP_ADDR", &p.httpListener},
		{p.settings.GRPCAddr != "", p.settings.GRPCAddr, "FORTNIGHT_GRPC_ADDR", &p.grpcListener},
		{p.settings.AdminAddr != "", p.settings.AdminAddr, "FORTNIGHT_ADMIN_ADDR", &p.adminListener},
	} {
		if !door.wanted {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", door.addr)
		if err != nil {
			return fmt.Errorf("cannot listen on %s (set %s to another address): %w", door.addr, door.setting, err)
		}
		*door.listener = listener
		p.onClose(func() { _ = listener.Close() })
	}
	return nil
}

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

// serve opens the doors.
func (p *Program) serve(ctx context.Context, group *errgroup.Group) *http.Server {
	if p.grpcListener != nil {
		group.Go(func() error { return p.server.Serve(p.grpcListener) })
	}
	if p.adminListener != nil {
		group.Go(func() error { return telemetry.ServeAdmin(ctx, p.adminListener, telemetry.AdminHandler(p.metrics)) })
	}
	if p.httpListener == nil {
		return nil
	}
	server := &http.Server{
		Handler: p.gateway.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		// Bodies are bounded in size; a slow one is cut off here. Live streams lift the bound on writing for themselves.
		ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		ErrorLog: slog.NewLogLogger(p.logger.Handler(), slog.LevelDebug),
	}
	group.Go(func() error {
		if err := server.Serve(p.httpListener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return server
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
