package bus

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

const (
	// batchSize is how many events share a transaction at most; also how many the broker hands out unacknowledged.
	batchSize = 256
	fillPage  = 500
	askFor    = 5 * time.Second // bounds one question to the source
	// attempts is how often an event is tried alone before it is put aside.
	attempts = 3
	// After steadyFlow batches that followed each other within flowGap, events are gathered for gatherFor.
	steadyFlow = 8
	flowGap    = 5 * time.Millisecond
	gatherFor  = 2 * time.Millisecond
)

// Handler applies one event inside the transaction that also moves the cursor. It touches nothing but its own database.
// Events come in the source's order; after a restore of the source they come again from the first one, so a handler goes by
// the aggregate's version. An event for which it fails three times is quarantined; failures that pass (Unavailable,
// ResourceExhausted, Aborted) are tried until they have passed.
type Handler func(tx *eventlog.Tx, r eventlog.Record) error

// ConsumerConfig says what a consumer reads and where it puts it.
type ConsumerConfig struct {
	// Service is the name of the service that consumes; Source the one whose events it consumes.
	Service, Source string
	// Log is the consuming service's own: its database holds the cursor and what the handler writes.
	Log *eventlog.Log
	// Client reaches the source's log, for what the broker does not have.
	Client eventlogv1.EventLogServiceClient
	// Outgoing puts the service's credential on a call through Client; nil leaves the context as it is.
	Outgoing func(context.Context) context.Context
	Handle   Handler
	Logger   *slog.Logger
	// StallAfter is how long the cursor may stand still before the source is asked; 0 means 1 s.
	StallAfter time.Duration
	// DisableFill switches the filling of holes off. It exists so that the game day can prove that filling is needed.
	DisableFill bool
}

// Consumer applies one source's events to one service, each once and in order.
type Consumer struct {
	cfg      ConsumerConfig
	bus      *Bus
	logger   *slog.Logger
	messages chan jetstream.Msg
	rejoin   chan struct{} // the watchdog found the broker's consumer dead
	retry    backoff       // pattern of the waits between tries of the database; copied, never used itself

	applied time.Time // when the last batch was
	flow    int       // how many batches followed each other closely

	mu     sync.Mutex
	status ConsumerStatus
	cursor eventlog.Head // as last read or saved; the database decides
}

// ConsumerStatus is a consumer's state for metrics. The counts are since the start of the process.
type ConsumerStatus struct {
	// Epoch and Seq are the cursor: the last event that was applied or put aside.
	Epoch string
	Seq   int64
	// Head is the source's last sequence as far as known.
	Head int64
	// Applied counts events given to the handler with success, Filled those among them that came from the source itself.
	Applied, Filled int64
	// Dropped counts messages that were behind the cursor or of another epoch.
	Dropped int64
	// Holes counts messages that did not follow the cursor, Stalls the times the watchdog found events that the broker had
	// not brought.
	Holes, Stalls int64
	// Quarantined counts events put aside, ChainMismatches events that do not follow their predecessor's hash.
	Quarantined, ChainMismatches int64
	// Resyncs counts new epochs of the source, Rejoins how often the broker's consumer was made again.
	Resyncs, Rejoins int64
}

// Lag is how many events the source has that were not applied, as far as known.
func (s ConsumerStatus) Lag() int64 { return max(0, s.Head-s.Seq) }

// NewConsumer makes a consumer, and makes its log's Replay use the handler for what was put aside. Start it with Run; one at a time per (service, source) is fastest, more are safe.
func NewConsumer(b *Bus, cfg ConsumerConfig) *Consumer {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.StallAfter <= 0 {
		cfg.StallAfter = time.Second
	}
	if cfg.Outgoing == nil {
		cfg.Outgoing = func(ctx context.Context) context.Context { return ctx }
	}
	c := &Consumer{
		cfg: cfg, bus: b, logger: cfg.Logger.With("component", "consumer", "service", cfg.Service, "source", cfg.Source),
		messages: make(chan jetstream.Msg, batchSize), rejoin: make(chan struct{}, 1),
		retry: backoff{first: 50 * time.Millisecond, most: 5 * time.Second},
	}
	cfg.Log.OnReplay(cfg.Source, c.handle)
	return c
}

// Status returns the state now, without asking anybody.
func (c *Consumer) Status() ConsumerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	s.Epoch, s.Seq = c.cursor.Epoch, c.cursor.Seq
	return s
}

// Source returns the name of the service whose events this consumer applies.
func (c *Consumer) Source() string { return c.cfg.Source }

// Run applies events until ctx ends. Whatever fails is tried again; the error is always nil.
func (c *Consumer) Run(ctx context.Context) error {
	var helpers sync.WaitGroup
	defer helpers.Wait()
	ctx = asService(ctx, c.cfg.Service)
	if !c.loadCursor(ctx) {
		return nil
	}
	watch := newWatchdog(c)
	defer watch.stop()
	watch.start(ctx)
	if c.bus != nil {
		helpers.Go(func() { c.pull(ctx) })
		if sub, err := c.listen(); err == nil {
			defer func() { _ = sub.Unsubscribe() }() // fails only when the connection is closed already
		}
	}
	for {
		select {
		case first := <-c.messages:
			c.receive(ctx, first)
			watch.fed()
		case <-watch.tick.C:
			watch.look(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// receive takes what has arrived, applies it and acknowledges it. What could not be used is acknowledged as well: the hole is
// filled from the source, and redelivery would only disturb the order.
func (c *Consumer) receive(ctx context.Context, first jetstream.Msg) {
	batch := c.gather(append(make([]jetstream.Msg, 0, batchSize), first))
	defer func() { c.applied = time.Now() }()
	c.take(ctx, c.decode(batch))
	if ctx.Err() != nil {
		return // the rest comes again
	}
	for _, m := range batch {
		if err := m.Ack(); err != nil {
			c.logger.Debug("a message was not acknowledged and will come again", "error", err)
		}
	}
}

// gather adds to the batch what has arrived meanwhile. In a steady flow it waits a little for more: a transaction costs about
// the same for one event as for ten, and whoever causes such a flow also waits for the same disk.
func (c *Consumer) gather(batch []jetstream.Msg) []jetstream.Msg {
	if time.Since(c.applied) > flowGap {
		c.flow = 0
	}
	c.flow++
	var enough <-chan time.Time
	if c.flow > steadyFlow {
		timer := time.NewTimer(gatherFor)
		defer timer.Stop()
		enough = timer.C
	}
	for len(batch) < batchSize {
		select {
		case m := <-c.messages:
			batch = append(batch, m)
			continue
		default:
		}
		if enough == nil {
			return batch
		}
		select {
		case m := <-c.messages:
			batch = append(batch, m)
		case <-enough:
			return batch
		}
	}
	return batch
}

// decode turns messages into records, in the source's order, leaving out what was applied before. A message without its
// event (too long for the broker, or damaged) becomes a record without a type, which take treats as a hole.
func (c *Consumer) decode(batch []jetstream.Msg) []eventlog.Record {
	cursor := c.position()
	records := make([]eventlog.Record, 0, len(batch))
	for _, m := range batch {
		at, ok := positionOf(m.Headers())
		if !ok || at.source != c.cfg.Source || at.epoch == cursor.Epoch && at.seq <= cursor.Seq {
			c.count(func(s *ConsumerStatus) { s.Dropped++ })
			continue
		}
		r, err := eventlog.ParseCloudEvent(m.Data())
		if err != nil || r.Source != at.source || r.Epoch != at.epoch || r.Seq != at.seq {
			r = eventlog.Record{Source: at.source, Epoch: at.epoch, Seq: at.seq}
		}
		records = append(records, r)
	}
	sortBySequence(records)
	return records
}

// take applies records that came over the broker.
func (c *Consumer) take(ctx context.Context, records []eventlog.Record) {
	for len(records) > 0 && ctx.Err() == nil {
		cursor := c.position()
		r := records[0]
		switch {
		case r.Epoch != cursor.Epoch:
			// Either the source was restored, or this is left over from before: only the source knows.
			if !c.ask(ctx) || c.position().Epoch != r.Epoch {
				all := len(records)
				records = slices.DeleteFunc(records, func(o eventlog.Record) bool { return o.Epoch == r.Epoch })
				c.count(func(s *ConsumerStatus) { s.Dropped += int64(all - len(records)) })
			}
		case r.Seq <= cursor.Seq:
			c.count(func(s *ConsumerStatus) { s.Dropped++ })
			records = records[1:]
		default:
			run := c.run(cursor, records)
			if len(run) > 0 && c.apply(ctx, run) == nil {
				records = records[len(run):]
				continue
			}
			c.count(func(s *ConsumerStatus) { s.Holes++ })
			if c.cfg.DisableFill || ctx.Err() != nil || !c.fill(ctx) || c.position().Seq < r.Seq {
				return // the watchdog tries again
			}
		}
	}
}

// run returns the records that follow the cursor and each other without a hole, each with the right hash.
func (c *Consumer) run(cursor eventlog.Head, records []eventlog.Record) []eventlog.Record {
	for i, r := range records {
		if r.Type == "" || r.Epoch != cursor.Epoch || r.Seq != cursor.Seq+1 {
			return records[:i]
		}
		if !follows(cursor, r) {
			// Damaged on the way, or at the source: ask for it again before believing it.
			if i > 0 {
				return records[:i] // once more when it is its turn
			}
			c.count(func(s *ConsumerStatus) { s.ChainMismatches++ })
			c.logger.Error("an event from the broker does not follow its predecessor's hash", "sequence", r.Seq, "event_id", r.ID)
			return nil
		}
		cursor.Seq, cursor.Chain = r.Seq, r.Chain
	}
	return records
}

// position returns the cursor.
func (c *Consumer) position() eventlog.Head {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor
}

func (c *Consumer) moveTo(cursor eventlog.Head) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cursor = cursor
	c.status.Head = max(c.status.Head, cursor.Seq)
}

func (c *Consumer) count(add func(*ConsumerStatus)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add(&c.status)
}
