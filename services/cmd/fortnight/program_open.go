package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fortnighthq/fortnight/gateway"
	"github.com/fortnighthq/fortnight/services/internal/platform/archive"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

// The steps of newProgram.

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

// openServer opens what calls go through, in this process and between processes.
func (p *Program) openServer(ctx context.Context) error {
	p.metrics = telemetry.NewMetrics(version)
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
	if p.certificates, err = p.settings.openTLS(p.clock, p.logger); err != nil {
		return err
	}
	p.conns = &connections{addrs: addrs, local: p.local(), allowPlaintext: p.settings.AllowPlaintext}
	p.onClose(p.conns.close)
	keys := &caller.KeySet{Fetch: p.conns.signingKeys, Clock: p.clock}
	p.denials = &audit.Denials{Log: p.logOf, Clock: p.clock, Logger: p.logger}
	cfg := rpcserver.Config{
		Logger: p.logger, Verifier: &caller.Verifier{Keys: keys.Key, Clock: p.clock}, Clock: p.clock,
		Reflection: p.settings.Reflection, AllowPlaintext: p.settings.AllowPlaintext,
		TracerProvider: tracers, ObserveCall: p.metrics.ObserveCall, Denied: p.denials.Tell,
	}
	if p.certificates != nil {
		cfg.TLS, p.conns.secure = p.certificates.Server(), p.certificates.Client
	}
	p.server = rpcserver.New(cfg)
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
	cfg, err := p.settings.broker(p.certificates)
	if err != nil {
		return err
	}
	cfg.StoreDir, cfg.Logger = filepath.Join(p.settings.DataDir, "nats"), p.logger
	opened, err := bus.Open(ctx, cfg)
	if err != nil {
		return err
	}
	p.bus = opened
	p.onClose(opened.Close)
	return nil
}

// openServices opens the chosen services with their databases.
func (p *Program) openServices(ctx context.Context) error {
	kit := service.Kit{
		Logger: p.logger, Clock: p.clock, Bus: p.bus, Conn: p.conns.to, DatabaseURL: p.databaseURL,
		DisableFill: p.settings.DisableFill, SecretKey: p.secretKey,
	}
	var logs []*eventlog.Log
	var parts []*archive.Part
	for _, s := range services {
		if !p.has(s.name) {
			continue
		}
		kit.ServiceContext = (&credentials{conns: p.conns, key: p.serviceKey, clock: p.clock, service: s.name}).outgoing
		kit.Audit = p.conns.auditAs(kit.ServiceContext)
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
		if part := opened.Archive(); part != nil {
			parts = append(parts, part)
		}
	}
	p.onClose(p.flushDenials) // before the databases close
	p.watches = eventlogrpc.Register(p.server, logs...)
	archive.Register(p.server, parts...)
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

// openGateway opens the gateway, when it is chosen.
func (p *Program) openGateway(context.Context) error {
	if !p.has(gatewayName) {
		return nil
	}
	cfg := gateway.Config{
		Conn: p.conns.plain, EventSources: serviceNames(), Logger: p.logger, Clock: p.clock,
		PublicURL: p.settings.PublicURL, Version: version, Commit: commit, Ready: p.ready, SessionLifetime: p.settings.SessionLifetime,
	}
	if err := p.settings.apply(&cfg); err != nil {
		return err
	}
	opened, err := gateway.New(cfg)
	if err != nil {
		return err
	}
	p.gateway = opened
	p.onClose(opened.Close)
	return nil
}
