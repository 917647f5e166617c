package bus

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestEventsAreAppliedOnceAndInOrderWhileRelaysAreRestarted(t *testing.T) {
	noLeaks(t)
	from, to, b := newSource(t, db.SQLite), newSink(t, db.SQLite), embedded(t, t.TempDir())
	c := to.consumer(b, from)
	start(t, c.Run)
	for range 8 {
		r := relay(b, from)
		stop := start(t, r.Run)
		before := from.made
		from.add(60, "")
		eventually(t, "the relay has published some of it", func() bool { return r.Status().Published > before+10 })
		stop()
	}
	start(t, relay(b, from).Run)
	eventually(t, "everything is applied", func() bool { return c.Status().Seq == from.made })
	to.wantExactly(from.log.Epoch(), from.made)
	eventually(t, "the stream is complete", func() bool { return int64(len(streamed(t, b))) == from.made })
	wantGapless(t, b, from.log.Epoch(), 1, from.made)
	if s := c.Status(); s.Lag() != 0 || s.ChainMismatches != 0 || s.Quarantined != 0 {
		t.Errorf("the consumer's state is %+v", s)
	}
}

// wiped runs into the loss of the broker's directory with more events missing than a new stream is given.
func wiped(t *testing.T, change ...func(*ConsumerConfig)) (from *source, to *sink, c *Consumer, b *Bus) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "broker")
	from, to = newSource(t, db.SQLite), newSink(t, db.SQLite)
	b = embedded(t, dir)
	stopRelay := start(t, relay(b, from).Run)
	stopConsumer := start(t, to.consumer(b, from, change...).Run)
	from.add(100, "")
	eventually(t, "the first events are applied", func() bool { return len(to.applied(from.log.Epoch())) == 100 })
	stopConsumer()
	from.add(republish+500, "")
	eventually(t, "the relay is done", func() bool { return len(streamed(t, b)) == republish+600 })
	stopRelay()
	b.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}

	b = embedded(t, dir)
	r := relay(b, from)
	start(t, r.Run)
	eventually(t, "the stream is back", func() bool { lag, err := r.Lag(t.Context()); return err == nil && lag == 0 })
	wantGapless(t, b, from.log.Epoch(), 601, republish+600) // the fault fired: 500 events are nowhere but in the log
	c = to.consumer(b, from, change...)
	start(t, c.Run)
	return from, to, c, b
}

func TestAWipedBrokerLosesNothing(t *testing.T) {
	noLeaks(t)
	from, to, c, _ := wiped(t)
	from.add(50, "")
	eventually(t, "everything is applied", func() bool { return c.Status().Seq == from.made })
	to.wantExactly(from.log.Epoch(), from.made)
	if c.Status().Filled < 500 {
		t.Errorf("only %d events came from the log", c.Status().Filled)
	}
}

func TestAWipedBrokerLosesEventsWhenFillingIsSwitchedOff(t *testing.T) {
	noLeaks(t)
	from, to, c, b := wiped(t, noFill)
	eventually(t, "the stream is read to its end", func() bool {
		consumer, err := b.js.Consumer(t.Context(), streamName("cycle"), "report")
		if err != nil {
			return false
		}
		info := consumer.CachedInfo()
		return info.NumPending == 0 && info.NumAckPending == 0 && c.Status().Holes > 0
	})
	to.wantExactly(from.log.Epoch(), 100)
	if from.listed.Load() != 0 || c.Status().Lag() != republish+500 {
		t.Errorf("events were fetched %d times, the lag is %d", from.listed.Load(), c.Status().Lag())
	}
}

// broker is a server of its own, with a port, that can be taken away and wiped while others are connected.
type broker struct {
	t    *testing.T
	port int
	dir  string
	s    *server.Server
}

func (b *broker) start() {
	b.t.Helper()
	s, err := server.NewServer(&server.Options{
		ServerName: "test", Host: "127.0.0.1", Port: b.port, JetStream: true, StoreDir: b.dir, SyncAlways: true, NoLog: true, NoSigs: true,
		JetStreamMaxStore: 8 << 30,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		b.t.Fatal("the broker does not start")
	}
	b.s, b.port = s, s.Addr().(*net.TCPAddr).Port
}

func (b *broker) stop() {
	b.s.Shutdown()
	b.s.WaitForShutdown()
}

func (b *broker) url() string { return "nats://" + b.s.Addr().String() }

func TestABrokerThatComesBackEmptyLosesNothing(t *testing.T) {
	noLeaks(t)
	remote := &broker{t: t, port: server.RANDOM_PORT, dir: filepath.Join(t.TempDir(), "broker")}
	remote.start()
	t.Cleanup(func() { remote.stop() })
	b, err := Open(t.Context(), Config{URL: remote.url()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	from, to := newSource(t, db.SQLite), newSink(t, db.SQLite)
	r, c := relay(b, from), to.consumer(b, from)
	start(t, r.Run)
	start(t, c.Run)
	for range 3 {
		from.add(100, "")
		eventually(t, "the events are applied", func() bool { return c.Status().Seq == from.made })
		remote.stop()
		eventually(t, "the loss is noticed", func() bool { return !b.Connected() })
		from.add(20, "") // no broker: they come from the log
		eventually(t, "they are applied without the broker", func() bool { return c.Status().Seq == from.made })
		if err := os.RemoveAll(remote.dir); err != nil {
			t.Fatal(err)
		}
		remote.start()
		from.add(100, "")
		eventually(t, "the new stream holds the log", func() bool {
			lag, err := r.Lag(t.Context())
			return err == nil && lag == 0 && r.Status().Published == from.made
		})
	}
	eventually(t, "everything is applied", func() bool { return c.Status().Seq == from.made })
	to.wantExactly(from.log.Epoch(), from.made)
	wantGapless(t, b, from.log.Epoch(), 1, from.made)
	if c.Status().Rejoins == 0 {
		t.Error("the broker's consumer was never made again")
	}
}

func TestWithoutABrokerTheLogsAreEnough(t *testing.T) {
	for name, open := range map[string]func() (*Bus, error){
		"none":        func() (*Bus, error) { return nil, nil },
		"unreachable": func() (*Bus, error) { return Open(t.Context(), Config{URL: "nats://127.0.0.1:1"}) },
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			b, err := open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Close)
			from, to := newSource(t, db.SQLite), newSink(t, db.SQLite)
			from.add(700, "")
			c := to.consumer(b, from)
			start(t, relay(b, from).Run)
			start(t, c.Run)
			eventually(t, "the old events are applied", func() bool { return c.Status().Seq == 700 })
			from.down.Store(true)
			from.add(20, "")
			from.down.Store(false)
			eventually(t, "the new events are applied", func() bool { return c.Status().Seq == from.made })
			to.wantExactly(from.log.Epoch(), from.made)
		})
	}
}

func TestTwoRelaysOnOneLogNeitherDoubleNorReorder(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			from, b := newSource(t, engine), embedded(t, t.TempDir())
			one, two := relay(b, from), relay(b, from)
			start(t, one.Run)
			start(t, two.Run)
			from.add(400, "")
			eventually(t, "the stream is complete", func() bool {
				return one.Status().Published == from.made && two.Status().Published == from.made
			})
			wantGapless(t, b, from.log.Epoch(), 1, from.made)
			if one.Status().Refused+two.Status().Refused == 0 {
				t.Error("the relays never met: the test shows nothing")
			}
		})
	}
}

func TestTheBrokerRefusesWhatDoesNotFollow(t *testing.T) {
	from, b := newSource(t, db.SQLite), embedded(t, t.TempDir())
	from.add(5, "")
	r := relay(b, from)
	if n, err := r.drain(t.Context()); n != 5 || err != nil {
		t.Fatalf("drain: %d, %v", n, err)
	}
	all, err := from.log.List(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]struct {
		after int64
		event eventlog.Record
	}{
		"published before":                  {2, all[2]},
		"the last one again":                {4, all[4]},
		"a gap":                             {6, eventlog.Record{Source: "cycle", Epoch: from.log.Epoch(), Seq: 7, Type: "a.B", Data: []byte("{}")}},
		"of another epoch":                  {5, eventlog.Record{Source: "cycle", Epoch: "other", Seq: 6, Type: "a.B", Data: []byte("{}")}},
		"behind a stream taken to be empty": {0, eventlog.Record{Source: "cycle", Epoch: from.log.Epoch(), Seq: 8, Type: "a.B", Data: []byte("{}")}},
	} {
		t.Run(name, func(t *testing.T) {
			r.located, r.last, r.empty, r.streamSeq = true, wrong.after, wrong.after == 0, 0
			before := r.Status().Refused
			if ok, err := r.publish(t.Context(), wrong.event); ok || err != nil {
				t.Errorf("publish: %v, %v", ok, err)
			}
			if r.located || r.Status().Refused != before+1 {
				t.Error("the relay does not look again where the stream ends")
			}
			wantGapless(t, b, from.log.Epoch(), 1, 5)
		})
	}
	from.add(1, "")
	if n, err := r.drain(t.Context()); n != 1 || err != nil {
		t.Errorf("afterwards drain: %d, %v", n, err)
	}
	wantGapless(t, b, from.log.Epoch(), 1, 6)
}

func TestAStreamThatIsNotOfThisLogIsMadeAnew(t *testing.T) {
	for name, id := range map[string]string{
		"of another epoch":   "cycle:another:3",
		"ahead of the log":   "", // the log's own epoch is filled in
		"of another source":  "report:another:3",
		"without a sequence": "by hand",
	} {
		t.Run(name, func(t *testing.T) {
			from, b := newSource(t, db.SQLite), embedded(t, t.TempDir())
			from.add(5, "")
			if id == "" {
				id = position{"cycle", from.log.Epoch(), 9}.String()
			}
			if _, err := b.ensureStream(t.Context(), "cycle"); err != nil {
				t.Fatal(err)
			}
			if _, err := b.js.PublishMsg(t.Context(), &nats.Msg{Subject: "fortnight.evt.v1.cycle.x.Y", Header: nats.Header{"Nats-Msg-Id": {id}}}); err != nil {
				t.Fatal(err)
			}
			r := relay(b, from)
			stop := start(t, r.Run)
			eventually(t, "the events are published", func() bool { return r.Status().Published == 5 && r.Status().Recreated == 1 })
			stop()
			wantGapless(t, b, from.log.Epoch(), 1, 5)
		})
	}
}

func TestAnEventThatCannotBeAppliedIsPutAsideAndReplayed(t *testing.T) {
	noLeaks(t)
	from, to, b := newSource(t, db.SQLite), newSink(t, db.SQLite), embedded(t, t.TempDir())
	var mended atomic.Bool
	var passing atomic.Int64
	to.before = func(r eventlog.Record) error {
		switch {
		case r.Seq == 20 && passing.Add(1) < 8: // more often than an event is tried
			return fault.New(fault.Unavailable, "DATABASE_BUSY", "Later.")
		case mended.Load():
			return nil
		case r.Seq == 7:
			return errors.New("the password is secret")
		case r.Seq == 11:
			panic("poison")
		}
		return nil
	}
	from.add(50, "")
	start(t, relay(b, from).Run)
	c := to.consumer(b, from)
	c.retry.most = 5 * time.Millisecond
	start(t, c.Run)
	eventually(t, "the others are applied", func() bool { return c.Status().Seq == 50 })
	for i, seq := range to.applied(from.log.Epoch()) {
		want := int64(i) + 1
		if want >= 7 {
			want++
		}
		if want >= 11 {
			want++
		}
		if seq != want {
			t.Fatalf("event %d was applied where %d was due", seq, want)
		}
	}
	aside, err := eventlog.ListQuarantined(t.Context(), to.log.DB().Read())
	if err != nil || len(aside) != 2 || c.Status().Quarantined != 2 {
		t.Fatalf("put aside: %+v, %v", aside, err)
	}
	for i, want := range []struct {
		seq    int64
		reason string
	}{{7, "INTERNAL"}, {11, "HANDLER_PANICKED"}} {
		r, err := eventlog.ParseCloudEvent(aside[i].CloudEvent)
		if err != nil || r.Seq != want.seq || !strings.HasPrefix(aside[i].Reason, want.reason) || strings.Contains(aside[i].Reason, "secret") {
			t.Errorf("put aside: %+v, %v", aside[i], err)
		}
	}

	if _, err := to.log.Replay(t.Context(), "cycle", 11); fault.From(err).Reason != "REPLAY_FAILED" {
		t.Errorf("a replay that fails again: %v", err)
	}
	mended.Store(true)
	for _, seq := range []int64{7, 11} {
		if q, err := to.log.Replay(t.Context(), "cycle", seq); err != nil || !q.Replayed {
			t.Errorf("replay of %d: %+v, %v", seq, q, err)
		}
	}
	if n := len(to.applied(from.log.Epoch())); n != 50 {
		t.Errorf("%d events are applied after the replay", n)
	}
	from.add(1, "")
	eventually(t, "it goes on", func() bool { return c.Status().Seq == 51 })
}

// A batch that takes longer than a transaction may take fails again and again, as if the database were busy.
func TestABatchThatIsTooMuchIsHalved(t *testing.T) {
	from, to := newSource(t, db.SQLite), newSink(t, db.SQLite)
	from.add(50, "")
	var last *eventlog.Tx
	inOne, most := 0, 0
	c := to.consumer(nil, from, func(cfg *ConsumerConfig) {
		cfg.Handle = func(tx *eventlog.Tx, r eventlog.Record) error {
			if tx != last {
				last, inOne = tx, 0
			}
			if inOne++; inOne > 10 {
				return fault.New(fault.Unavailable, "QUERY_CANCELED", "Too slow.")
			}
			most = max(most, inOne)
			return to.handle(tx, r)
		}
	})
	c.retry.most = time.Millisecond
	if !c.ask(t.Context()) || !c.fill(t.Context()) {
		t.Error("the events were not applied")
	}
	to.wantExactly(from.log.Epoch(), 50)
	if c.Status().Quarantined != 0 || most < 2 {
		t.Errorf("%+v, at most %d in a transaction", c.Status(), most)
	}
}

func TestARestoredSourceIsAppliedAgain(t *testing.T) {
	noLeaks(t)
	from, to, b := newSource(t, db.SQLite), newSink(t, db.SQLite), embedded(t, t.TempDir())
	stop := start(t, relay(b, from).Run)
	c := to.consumer(b, from)
	start(t, c.Run)
	from.add(30, "")
	eventually(t, "the events are applied", func() bool { return c.Status().Seq == 30 })
	old := from.log.Epoch()
	stop()
	from.restored()
	from.add(10, "")
	r := relay(b, from)
	start(t, r.Run)
	eventually(t, "the new epoch is applied", func() bool { s := c.Status(); return s.Epoch == from.log.Epoch() && s.Seq == 40 })
	from.add(5, "")
	eventually(t, "it goes on", func() bool { return c.Status().Seq == 45 && r.Status().Published == 45 })
	to.wantExactly(old, 30)
	to.wantExactly(from.log.Epoch(), 45)
	if c.Status().Resyncs != 1 || r.Status().Recreated != 1 {
		t.Errorf("the consumer's state is %+v, the relay's %+v", c.Status(), r.Status())
	}
	wantGapless(t, b, from.log.Epoch(), 1, 45)
}

func TestAnEventTooLongForTheBrokerComesFromTheLog(t *testing.T) {
	from, to, b := newSource(t, db.SQLite), newSink(t, db.SQLite), embedded(t, t.TempDir())
	c, r := to.consumer(b, from), relay(b, from)
	start(t, r.Run)
	start(t, c.Run)
	from.add(3, "")
	eventually(t, "the short events are applied", func() bool { return c.Status().Seq == 3 })
	from.add(1, strings.Repeat("x", maxMessage))
	from.add(3, "")
	eventually(t, "all are applied", func() bool { return c.Status().Seq == 7 && r.Status().Published == 7 })
	to.wantExactly(from.log.Epoch(), 7)
	wantGapless(t, b, from.log.Epoch(), 1, 7)
}

func TestADamagedMessageIsFetchedFromTheLog(t *testing.T) {
	from, to := newSource(t, db.SQLite), newSink(t, db.SQLite)
	from.add(4, "true")
	all, err := from.log.List(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	all[2].PayloadHash, all[2].Data = strings.Repeat("0", 64), []byte(`{"chain":"false"}`)
	c := to.consumer(nil, from)
	if !c.ask(t.Context()) {
		t.Fatal("no answer")
	}
	c.take(t.Context(), all)
	to.wantExactly(from.log.Epoch(), 4)
	wrong, err := db.All[string](t.Context(), to.log.DB().Read(), "select data from applied where data like '%false%'")
	if s := c.Status(); err != nil || len(wrong) != 0 || s.ChainMismatches != 1 || s.Holes != 1 || s.Filled == 0 {
		t.Errorf("%v, %v, %+v", wrong, err, s)
	}
}

func TestTwoProcessesMayConsumeTheSame(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			from, to, b := newSource(t, engine), newSink(t, engine), embedded(t, t.TempDir())
			start(t, relay(b, from).Run)
			one, two := to.consumer(b, from), to.consumer(b, from)
			start(t, one.Run)
			start(t, two.Run)
			from.add(300, "")
			eventually(t, "everything is applied", func() bool { return int64(len(to.applied(from.log.Epoch()))) == from.made })
			to.wantExactly(from.log.Epoch(), from.made)
		})
	}
}

func TestHeadBeatsTellWhereTheLogEnds(t *testing.T) {
	from, b := newSource(t, db.SQLite), embedded(t, t.TempDir())
	beats := make(chan *nats.Msg, 100)
	sub, err := b.conn.ChanSubscribe(headSubject("cycle"), beats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	from.add(3, "")
	r := relay(b, from)
	r.beat = 20 * time.Millisecond
	start(t, r.Run)
	head, err := from.log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // after publishing, and then by the clock
		select {
		case m := <-beats:
			if got, err := decodeBeat(m.Data); err != nil || got != (beat{head.Epoch, 3, head.Chain}) {
				t.Errorf("the head-beat is %s", m.Data)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("no head-beat")
		}
	}
}

func TestWhatTravelsIsACloudEvent(t *testing.T) {
	from, b := newSource(t, db.SQLite), embedded(t, t.TempDir())
	from.add(1, "x")
	if _, err := relay(b, from).drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	stream, err := b.js.Stream(t.Context(), "FORTNIGHT_CYCLE")
	if err != nil {
		t.Fatal(err)
	}
	m, err := stream.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	all, err := from.log.List(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "fortnight.evt.v1.cycle.payments.Head" || !bytes.Equal(m.Data, all[0].CloudEvent()) ||
		m.Header.Get("Content-Type") != contentType || m.Header.Get("Nats-Msg-Id") != "cycle:"+from.log.Epoch()+":1" {
		t.Errorf("%s %v %s", m.Subject, m.Header, m.Data)
	}
	if c := stream.CachedInfo().Config; !c.DenyDelete || !c.DenyPurge || c.MaxAge != 14*24*time.Hour || c.MaxBytes != 32<<20 || c.MaxMsgSize != maxMessage {
		t.Errorf("the stream's settings are %+v", c)
	}
}

func TestSubjectsAreLegal(t *testing.T) {
	for _, c := range []struct{ team, typ, want string }{
		{"payments", "fortnight.cycle.v1.CycleAdvanced", "fortnight.evt.v1.cycle.payments.CycleAdvanced"},
		{"", "fortnight.cycle.v1.CycleAdvanced", "fortnight.evt.v1.cycle.-.CycleAdvanced"},
		{"a.b", "x", "fortnight.evt.v1.cycle.-.x"},
		{"*", ">", "fortnight.evt.v1.cycle.-.-"},
		{"a b", "x.", "fortnight.evt.v1.cycle.-.-"},
	} {
		if got := subject(eventlog.Record{Source: "cycle", Team: c.team, Type: c.typ}); got != c.want {
			t.Errorf("subject of %q and %q is %q, want %q", c.team, c.typ, got, c.want)
		}
	}
}

func TestPositions(t *testing.T) {
	for _, id := range []string{"", "cycle", "cycle:e", "cycle:e:", "cycle:e:0", "cycle:e:-1", "cycle:e:x", ":e:1", "cycle::1", "cycle:e:1:2"} {
		if p, ok := parsePosition(id); ok {
			t.Errorf("%q is taken for %v", id, p)
		}
	}
	want := position{"cycle", "e", 12}
	if got, ok := parsePosition(want.String()); !ok || got != want {
		t.Errorf("%q is read as %v", want, got)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{"no directory": {}, "a file": {StoreDir: file}, "no URL": {URL: "nats://%zz"}} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			if _, err := Open(context.Background(), cfg); fault.From(err).Reason != "BROKER_UNAVAILABLE" {
				t.Errorf("Open: %v", err)
			}
		})
	}
}
