package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
)

// noLeaks fails the test when it leaves goroutines behind. Call it first.
func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// eventually waits for something that other goroutines do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// source is a service whose events others consume; it answers for its log itself.
type source struct {
	eventlogv1.EventLogServiceClient // what consumers do not call
	t                                *testing.T
	cfg                              db.Config
	db                               *db.DB
	mu                               sync.Mutex
	log                              *eventlog.Log
	down                             atomic.Bool
	listed                           atomic.Int64
	made                             int64
}

func newSource(t *testing.T, engine db.Engine) *source {
	t.Helper()
	s := &source{t: t, cfg: dbtest.Config(t, engine)}
	s.cfg.Migrations = eventlog.Migrations
	s.db = dbtest.Start(t, s.cfg)
	s.open()
	return s
}

func (s *source) open() {
	s.t.Helper()
	l, err := eventlog.Open(s.t.Context(), s.db, "cycle", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = l
}

func (s *source) events() *eventlog.Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log
}

// restored is what a restore of the service's database leaves behind: the same events, another epoch.
func (s *source) restored() {
	s.t.Helper()
	if _, err := eventlog.Renew(s.t.Context(), s.db); err != nil {
		s.t.Fatal(err)
	}
	s.open()
}

// add records n events, the first bytes of each with the given text.
func (s *source) add(n int, text string) {
	s.t.Helper()
	for range n {
		s.made++
		err := s.events().Do(s.t.Context(), func(tx *eventlog.Tx) error {
			return tx.Append(eventlog.Event{
				Team: "payments", AggregateType: "head", AggregateID: fmt.Sprint(s.made), AggregateVersion: 1, Subject: "teams/payments",
				Data: &eventlogv1.Head{Sequence: s.made, Chain: text},
			})
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

var errDown = errors.New("the source is down")

func (s *source) GetHead(ctx context.Context, in *eventlogv1.GetHeadRequest, _ ...grpc.CallOption) (*eventlogv1.Head, error) {
	if s.down.Load() {
		return nil, errDown
	}
	return eventlogrpc.New(s.events()).GetHead(ctx, in)
}

func (s *source) ListEvents(ctx context.Context, in *eventlogv1.ListEventsRequest, _ ...grpc.CallOption) (*eventlogv1.ListEventsResponse, error) {
	if s.down.Load() {
		return nil, errDown
	}
	s.listed.Add(1)
	return eventlogrpc.New(s.events()).ListEvents(ctx, in)
}

// sink is a service that consumes: it writes down each event as it is applied.
type sink struct {
	t   *testing.T
	log *eventlog.Log
	// before runs first in the handler, when set.
	before func(r eventlog.Record) error
}

var sinkTables = fstest.MapFS{
	"sqlite/0010_applied.sql":   {Data: []byte("create table applied (row_id integer primary key, epoch text not null, seq bigint not null, data text not null)")},
	"postgres/0010_applied.sql": {Data: []byte("create table applied (row_id bigserial primary key, epoch text not null, seq bigint not null, data text not null)")},
}

func newSink(t *testing.T, engine db.Engine) *sink {
	t.Helper()
	l, err := eventlog.Open(t.Context(), dbtest.Open(t, engine, db.Merge(eventlog.Migrations, sinkTables)), "report", nil)
	if err != nil {
		t.Fatal(err)
	}
	return &sink{t: t, log: l}
}

func (s *sink) handle(tx *eventlog.Tx, r eventlog.Record) error {
	if s.before != nil {
		if err := s.before(r); err != nil {
			return err
		}
	}
	_, err := tx.Exec("insert into applied (epoch, seq, data) values ($1, $2, $3)", r.Epoch, r.Seq, string(r.Data))
	return err
}

// applied returns the sequences of an epoch in the order in which they were applied.
func (s *sink) applied(epoch string) []int64 {
	s.t.Helper()
	all, err := db.All[int64](s.t.Context(), s.log.DB().Read(), "select seq from applied where epoch = $1 order by row_id", epoch)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// wantExactly checks that the events 1 to n were applied once each and in order.
func (s *sink) wantExactly(epoch string, n int64) {
	s.t.Helper()
	got := s.applied(epoch)
	for i, seq := range got {
		if seq != int64(i)+1 {
			s.t.Fatalf("event %d was applied at place %d", seq, i+1)
		}
	}
	if int64(len(got)) != n {
		s.t.Fatalf("%d events were applied, want %d", len(got), n)
	}
}

func (s *sink) consumer(b *Bus, from *source, change ...func(*ConsumerConfig)) *Consumer {
	cfg := ConsumerConfig{
		Service: "report", Source: "cycle", Log: s.log, Client: from, Handle: s.handle, StallAfter: 100 * time.Millisecond,
	}
	for _, c := range change {
		c(&cfg)
	}
	return NewConsumer(b, cfg)
}

func noFill(cfg *ConsumerConfig) { cfg.DisableFill = true }

// start runs something until stop is called, at the latest when the test ends.
func start(t *testing.T, run func(ctx context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func embedded(t *testing.T, dir string) *Bus {
	t.Helper()
	b, err := Open(t.Context(), Config{StoreDir: dir, MaxStore: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func relay(b *Bus, s *source) *Relay {
	r := NewRelay(b, s.events(), nil)
	r.retry.first, r.poll = 5*time.Millisecond, 50*time.Millisecond
	return r
}

// streamed returns the positions in the stream, in the broker's order.
func streamed(t *testing.T, b *Bus) []position {
	t.Helper()
	stream, err := b.js.Stream(t.Context(), streamName("cycle"))
	if err != nil {
		t.Fatal(err)
	}
	info := stream.CachedInfo()
	var all []position
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq && info.State.Msgs > 0; seq++ {
		m, err := stream.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		at, ok := positionOf(m.Header)
		if !ok {
			t.Fatalf("message %d has the id %q", seq, m.Header.Get(jetstream.MsgIDHeader))
		}
		all = append(all, at)
	}
	return all
}

// wantGapless checks that the stream holds the events first to last of the epoch, once each and in order.
func wantGapless(t *testing.T, b *Bus, epoch string, first, last int64) {
	t.Helper()
	all := streamed(t, b)
	for i, at := range all {
		if want := (position{"cycle", epoch, first + int64(i)}); at != want {
			t.Fatalf("message %d of the stream is %v, want %v", i+1, at, want)
		}
	}
	if int64(len(all)) != last-first+1 {
		t.Fatalf("the stream holds %d messages, want %d", len(all), last-first+1)
	}
}
