// Package testkit is what the contract tests of all services stand on: the services under test behind one server, called
// over the in-process channel as any caller, at a time that the test decides.
//
//	k := testkit.New(t)
//	s, err := box.New(t.Context(), k.Service("box"), box.Config{})
//	…
//	k.Start(s)
//	boxes := boxv1.NewBoxServiceClient(k.Conn())
//	_, err = boxes.GetBox(k.As(callertest.User("mina", "payments", caller.Viewer)), …)
//	testkit.Refused(t, err, fault.NotFound, "BOX_NOT_FOUND")
package testkit

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

// Kit is one test's world. Whatever it opens or starts ends with the test. It belongs to the test's goroutine.
type Kit struct {
	// Clock is the time of everything in the kit.
	Clock *Clock
	// Authority signs the callers' tokens.
	Authority *callertest.Authority
	// Denials records what the server refuses, in the log of the service that was called.
	Denials *audit.Denials

	t      testing.TB
	dir    string
	output *buffer
	logger *slog.Logger
	server *rpcserver.Server
	bus    *bus.Bus
	events []*eventlog.Log
	run    []func(context.Context) error
	close  []func() error

	audited recorder
	logs    []*eventlog.Log // of Log
}

// Service is a service that Start runs.
type Service interface {
	Register(grpc.ServiceRegistrar)
	EventLog() *eventlog.Log
	Run(context.Context) error
	Close() error
}

// New makes a kit.
func New(t testing.TB) *Kit {
	t.Helper()
	dbtest.NeedFTS5(t)
	// The directory comes first, so that it is removed last.
	k := &Kit{Clock: NewClock(), t: t, dir: t.TempDir(), output: &buffer{}}
	k.logger = slog.New(slog.NewJSONHandler(k.output, &slog.HandlerOptions{Level: slog.LevelDebug}))
	k.Authority = callertest.New(k.Clock.Now)
	k.UseVerifier(k.Authority.Verifier)
	t.Cleanup(func() {
		for i := len(k.close) - 1; i >= 0; i-- {
			if err := k.close[i](); err != nil {
				t.Errorf("ending the test's services: %v", err)
			}
		}
	})
	return k
}

// UseVerifier lets the server trust the tokens of somebody else than the kit's Authority. Call it before everything else.
func (k *Kit) UseVerifier(v *caller.Verifier) {
	k.Denials = &audit.Denials{Log: k.logOf, Clock: k.Clock.Now, Logger: k.logger}
	k.server = rpcserver.New(rpcserver.Config{Logger: k.logger, Verifier: v, Clock: k.Clock.Now, Denied: k.Denials.Tell})
}

// Service is what a service under test is made from: SQLite databases in a directory of the test, an embedded broker, the
// kit's clock and connections. name is the service's, for what it asks on its own behalf.
func (k *Kit) Service(name string) service.Kit {
	k.t.Helper()
	if k.bus == nil {
		b, err := bus.Open(k.t.Context(), bus.Config{StoreDir: filepath.Join(k.dir, "broker"), Logger: k.logger})
		if err != nil {
			k.t.Fatalf("opening the broker: %v", err)
		}
		k.bus = b
		k.close = append(k.close, func() error { b.Close(); return nil })
	}
	return service.Kit{
		Logger:      k.logger,
		Clock:       k.Clock.Now,
		Bus:         k.bus,
		Conn:        func(string) grpc.ClientConnInterface { return rpcserver.Asking(k.Conn()) },
		DatabaseURL: func(service string) string { return "sqlite:" + filepath.Join(k.dir, service+".db") },
		Audit:       k.audited.keep,
		ServiceContext: func(ctx context.Context) context.Context {
			return k.Authority.Context(ctx, callertest.Service(name))
		},
	}
}

// Source is the event log of a service that is not there: what the test appends to it reaches the services under test as
// that service's events.
func (k *Kit) Source(name string) *eventlog.Log {
	k.t.Helper()
	base, err := service.Open(k.t.Context(), k.Service(name), name, embed.FS{})
	if err != nil {
		k.t.Fatalf("opening the log of %s: %v", name, err)
	}
	k.add(base.Log, base.Run, base.Close)
	return base.Log
}

// Log is an event log in a fresh database of one engine, with the kit's clock. It is for tests of a service's parts on both
// engines; nothing publishes it.
func (k *Kit) Log(engine db.Engine, name string, migrations fs.FS) *eventlog.Log {
	k.t.Helper()
	cfg := dbtest.Config(k.t, engine)
	cfg.Migrations, cfg.Clock, cfg.Logger = db.Merge(eventlog.Migrations, audit.Migrations), k.Clock.Now, k.logger
	if migrations != nil {
		cfg.Migrations = db.Merge(eventlog.Migrations, audit.Migrations, migrations)
	}
	l, err := eventlog.Open(k.t.Context(), dbtest.Start(k.t, cfg), name, k.logger, eventlog.WithClock(k.Clock.Now))
	if err != nil {
		k.t.Fatalf("opening the log: %v", err)
	}
	k.logs = append(k.logs, l)
	return l
}

// logOf is the log that a service's denials go to.
func (k *Kit) logOf(service string) *eventlog.Log {
	for _, l := range slices.Concat(k.logs, k.events) {
		if service == "" || l.Source() == service {
			return l
		}
	}
	return nil
}

// Register registers what is not a Service: a part of one, or a stand-in for a service that the ones under test ask.
func (k *Kit) Register(register func(grpc.ServiceRegistrar)) { register(k.server) }

// Start registers the services and the event logs, and runs everything until the test ends. Call it once.
func (k *Kit) Start(services ...Service) {
	k.t.Helper()
	for _, s := range services {
		s.Register(k.server)
		k.add(s.EventLog(), s.Run, s.Close)
	}
	logs := eventlogrpc.New(k.events...)
	eventlogv1.RegisterEventLogServiceServer(k.server, logs)
	if err := k.server.Check(); err != nil {
		k.t.Fatal(err)
	}
	k.server.SetServing(true)

	ctx, stop := context.WithCancel(context.WithoutCancel(k.t.Context()))
	var running sync.WaitGroup
	for _, run := range k.run {
		running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				k.t.Errorf("a service ended: %v", err)
			}
		})
	}
	k.close = append(k.close, func() error {
		logs.Close()
		now, cut := context.WithCancel(context.Background())
		cut() // what a test left behind is cut off
		_ = k.server.Stop(now)
		stop()
		running.Wait()
		return nil
	})
}

// add takes a log and what runs and closes it; it is closed if it was never run, too.
func (k *Kit) add(l *eventlog.Log, run func(context.Context) error, end func() error) {
	k.events = append(k.events, l)
	k.run = append(k.run, run)
	k.close = append(k.close, end)
}

// Conn is the connection to everything that was registered. Calls are anonymous unless their context comes from As.
func (k *Kit) Conn() grpc.ClientConnInterface { return k.server.Conn() }

// As returns a context that calls as c; the zero caller is anonymous. Its token lives as long as any caller token: after
// the clock was moved by a minute, ask again.
func (k *Kit) As(c caller.Caller) context.Context {
	if c.Anonymous() {
		return k.t.Context()
	}
	return k.Authority.Context(k.t.Context(), c)
}

// Output is everything that was logged so far, at all levels.
func (k *Kit) Output() string { return k.output.String() }
