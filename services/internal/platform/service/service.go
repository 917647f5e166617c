// Package service is what all services are built on: a database, an event log with its relay, and consumers of the
// other services' logs.
package service

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/archive"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Kit is what the program gives to every service.
type Kit struct {
	// Logger receives what the service has to say; nil discards it.
	Logger *slog.Logger
	// Clock tells the time.
	Clock func() time.Time
	// Bus carries events; nil means a broker that never answers.
	Bus *bus.Bus
	// Conn is the connection to a service, itself included.
	Conn func(service string) grpc.ClientConnInterface
	// DatabaseURL is where a service's database is, see db.Config.
	DatabaseURL func(service string) string
	// ServiceContext puts the credential of the service itself, not of a user, on what is asked with the context.
	ServiceContext func(ctx context.Context) context.Context
	// Audit hands audit events to the service that keeps the audit log; nil leaves them in the outbox.
	Audit func(ctx context.Context, events []*commonv1.AuditEvent) error
	// SecretKey is kept outside of the databases. Secrets that a service must be able to read are made from it or sealed with it, so
	// that a copy of a database holds none; the hashes of request ids are made with it, too. It is the same at every start.
	SecretKey []byte
	// DisableFill switches the filling of holes off, for the game day's control.
	DisableFill bool
}

// Base is the part that is alike in every service.
type Base struct {
	// Log is the service's event log, with its database.
	Log       *eventlog.Log
	kit       Kit
	relay     *bus.Relay
	consumers []*bus.Consumer
	archive   *archive.Part
}

const (
	// purgeEvery is how often answers to idempotent requests that nobody may ask for again are deleted.
	purgeEvery = time.Hour
	// numberEvery is how often events that another process recorded are looked for.
	numberEvery = 500 * time.Millisecond
)

// Open opens the service's database, migrates it, and opens the event log in it.
func Open(ctx context.Context, kit Kit, name string, migrations fs.FS) (*Base, error) {
	if kit.Logger == nil {
		kit.Logger = slog.New(slog.DiscardHandler)
	}
	database, err := db.Open(ctx, db.Config{
		URL: kit.DatabaseURL(name), Schema: name, Migrations: db.Merge(eventlog.Migrations, audit.Migrations, migrations),
		Clock: kit.Clock, Logger: kit.Logger.With("service", name),
	})
	if err != nil {
		return nil, err
	}
	log, err := eventlog.Open(ctx, database, name, kit.Logger, eventlog.WithClock(kit.Clock), eventlog.WithInstallationKey(kit.SecretKey))
	if err == nil {
		err = audit.NoteEpoch(ctx, log)
	}
	if err != nil {
		_ = database.Close()
		return nil, err
	}
	return &Base{Log: log, kit: kit, relay: bus.NewRelay(kit.Bus, log, kit.Logger)}, nil
}

// Consume lets handle apply the events of source, from the first one on. Call it before Run.
func (b *Base) Consume(source string, handle bus.Handler) {
	b.consumers = append(b.consumers, bus.NewConsumer(b.kit.Bus, bus.ConsumerConfig{
		Service: b.Log.Source(), Source: source, Log: b.Log, Handle: handle, Logger: b.kit.Logger,
		Client:   eventlogv1.NewEventLogServiceClient(b.kit.Conn(source)),
		Outgoing: b.kit.ServiceContext, DisableFill: b.kit.DisableFill,
	}))
}

// Keep says which collections belong to a team's board. Call it before the service is registered.
func (b *Base) Keep(kinds ...archive.Kind) { b.archive = &archive.Part{Log: b.Log, Kinds: kinds} }

// Archive is the service's part of the teams' boards; nil when it has none.
func (b *Base) Archive() *archive.Part { return b.archive }

// Run publishes, consumes, hands audit events over and tidies up until ctx ends.
func (b *Base) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.relay.Run(ctx) })
	for _, consumer := range b.consumers {
		group.Go(func() error { return consumer.Run(ctx) })
	}
	group.Go(func() error { return b.purge(ctx) })
	group.Go(func() error { return b.number(ctx) })
	if b.kit.Audit != nil {
		sender := &audit.Sender{Log: b.Log, Send: b.kit.Audit, Logger: b.kit.Logger}
		group.Go(func() error { return sender.Run(ctx) })
	}
	return group.Wait()
}

// number gives events on Postgres their numbers. The relay does so too, but waits while the broker is away; those who follow
// the log must not.
func (b *Base) number(ctx context.Context) error {
	if b.Log.DB().Engine() != db.Postgres {
		return nil
	}
	tick := time.NewTicker(numberEvery)
	defer tick.Stop()
	failing := false
	for {
		changed := b.Log.Changed() // before looking, so that no commit falls between
		_, err := b.Log.Number(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			b.kit.Logger.Warn("events wait for their numbers", "service", b.Log.Source(), "error", err)
		}
		if failing = err != nil; failing {
			changed = nil // not at every commit while the database is away
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (b *Base) purge(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if _, err := b.Log.PurgeIdempotency(ctx); err != nil && ctx.Err() == nil {
			b.kit.Logger.Warn("old answers could not be deleted", "service", b.Log.Source(), "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// EventLog is the service's event log.
func (b *Base) EventLog() *eventlog.Log { return b.Log }

// Relay is the log's relay, which tells how far publishing has come.
func (b *Base) Relay() *bus.Relay { return b.relay }

// Consumers are the consumers of the other services' logs, which tell how far they have come.
func (b *Base) Consumers() []*bus.Consumer { return b.consumers }

// Ready tells whether the service can write to its own database; nothing else counts.
func (b *Base) Ready(ctx context.Context) error {
	if err := b.Log.DB().Ping(ctx); err != nil {
		return fmt.Errorf("the database of %s takes no writes: %w", b.Log.Source(), err)
	}
	return nil
}

// Close closes the database. Call it after Run has returned.
func (b *Base) Close() error { return b.Log.DB().Close() }
