package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

const (
	// republish is how many events go into a new stream: enough for consumers that are nearly up to date. What is older
	// they take from the log.
	republish = 1000
	relayPage = 500
	// lastPass bounds the final pass when the program stops.
	lastPass = 2 * time.Second
)

// Relay publishes one event log to its stream, strictly in order, each event acknowledged before the next. The broker
// refuses an event that does not follow the stream's last one, so that two relays on one log cannot double or reorder.
type Relay struct {
	bus    *Bus
	log    *eventlog.Log
	logger *slog.Logger
	poll   time.Duration // in case a commit happened in another process
	beat   time.Duration
	retry  backoff

	// where the stream stands; of value only while located
	located   bool
	last      int64  // sequence of the stream's last event, or the one to publish after when the stream is empty
	empty     bool   // nothing to follow: the broker is asked to compare streamSeq instead
	streamSeq uint64 // the broker's own sequence of an empty stream

	published atomic.Int64
	refused   atomic.Int64
	recreated atomic.Int64
}

// NewRelay makes the relay of a log. Start it with Run.
func NewRelay(b *Bus, l *eventlog.Log, logger *slog.Logger) *Relay {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Relay{
		bus: b, log: l, logger: logger.With("component", "relay", "source", l.Source()),
		poll: 500 * time.Millisecond, beat: 10 * time.Second, retry: backoff{first: 100 * time.Millisecond, most: 5 * time.Second},
	}
}

// RelayStatus is a relay's state for metrics.
type RelayStatus struct {
	// Published is the sequence of the last event that the stream is known to hold.
	Published int64
	// Refused counts events that the broker refused because another relay was faster.
	Refused int64
	// Recreated counts streams that were thrown away because they did not fit the log.
	Recreated int64
}

// Status returns the state now, without asking anybody.
func (r *Relay) Status() RelayStatus {
	return RelayStatus{Published: r.published.Load(), Refused: r.refused.Load(), Recreated: r.recreated.Load()}
}

// Lag returns how many events of the log are not in the stream yet.
func (r *Relay) Lag(ctx context.Context) (int64, error) {
	head, err := r.log.Head(ctx)
	if err != nil {
		return 0, err
	}
	return max(0, head.Seq-r.published.Load()), nil
}

// Run publishes until ctx ends, then makes one last pass of 2 s at most. Whatever fails is tried again; the error is always
// nil.
func (r *Relay) Run(ctx context.Context) error {
	poll, beats := time.NewTicker(r.poll), time.NewTicker(r.beat)
	defer poll.Stop()
	defer beats.Stop()
	failing := false
	for ctx.Err() == nil {
		changed := r.log.Changed() // before reading, so that no commit falls between
		n, err := r.drain(ctx)
		switch {
		case ctx.Err() != nil:
			continue
		case err != nil:
			if !failing {
				r.logger.Warn("events wait for the broker", "error", err)
			}
			failing = true
			r.retry.wait(ctx)
			continue
		case failing:
			r.logger.Info("events flow again", "published", n)
		}
		failing = false
		r.retry.reset()
		if n > 0 {
			r.sayHead(ctx)
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-beats.C:
			r.sayHead(ctx)
		case <-ctx.Done():
		}
	}
	if !failing {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastPass)
		defer cancel()
		if _, err := r.drain(last); err != nil {
			r.logger.Info("the last events stay in the log until the next start", "error", err)
		}
	}
	return nil
}

// drain numbers and publishes what is in the log, and returns how many events it published.
func (r *Relay) drain(ctx context.Context) (n int, err error) {
	if _, err := r.log.Number(ctx); err != nil {
		return 0, err
	}
	if r.bus == nil {
		return 0, nil
	}
	for {
		if !r.located {
			if err := r.locate(ctx); err != nil {
				return n, err
			}
		}
		page, err := r.log.List(ctx, r.last, relayPage)
		if err != nil {
			return n, err
		}
		for _, record := range page {
			ok, err := r.publish(ctx, record)
			if err != nil {
				return n, err
			}
			if !ok {
				break // another relay moved the stream: look where it is
			}
			n++
		}
		if r.located && len(page) < relayPage {
			return n, nil
		}
	}
}

// Codes of the broker's answer when the stream's end is another than expected.
const (
	wrongLastMsgID          = 10070
	wrongLastSequence       = jetstream.JSErrCodeStreamWrongLastSequence
	wrongLastSequenceInRaft = jetstream.JSErrCodeStreamWrongLastSequenceConstant
)

// publish puts one event behind the stream's last one. False means that the stream ends elsewhere.
func (r *Relay) publish(ctx context.Context, record eventlog.Record) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	at := position{record.Source, record.Epoch, record.Seq}
	fence := jetstream.WithExpectLastSequence(r.streamSeq)
	if !r.empty {
		fence = jetstream.WithExpectLastMsgID(position{at.source, at.epoch, r.last}.String())
	}
	ack, err := r.bus.js.PublishMsg(ctx, newMessage(record), jetstream.WithMsgID(at.String()), fence, jetstream.WithRetryAttempts(0))
	if err == nil && !ack.Duplicate {
		r.last, r.empty = record.Seq, false
		r.published.Store(record.Seq)
		return true, nil
	}
	r.located = false
	var api *jetstream.APIError
	if err == nil || errors.As(err, &api) && (api.ErrorCode == wrongLastMsgID || api.ErrorCode == wrongLastSequence || api.ErrorCode == wrongLastSequenceInRaft) {
		r.refused.Add(1)
		return false, nil
	}
	return false, err
}

// locate finds where the stream ends. A stream that does not belong to this log (another epoch after a restore, or events that
// the log does not have) is thrown away.
func (r *Relay) locate(ctx context.Context) error {
	stream, err := r.bus.ensureStream(ctx, r.log.Source())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	info, err := stream.Info(ctx)
	if err != nil {
		return err
	}
	var id string
	if info.State.Msgs > 0 {
		last, err := stream.GetMsg(ctx, info.State.LastSeq)
		if err != nil {
			return err
		}
		id = last.Header.Get(jetstream.MsgIDHeader)
	}
	head, err := r.log.Head(ctx) // after the stream's end, which can therefore not be ahead of it
	if err != nil {
		return err
	}
	if info.State.Msgs == 0 {
		r.located, r.empty, r.streamSeq = true, true, info.State.LastSeq
		r.last = max(0, head.Seq-republish)
		r.published.Store(r.last)
		return nil
	}
	at, ok := parsePosition(id)
	if !ok || at.source != r.log.Source() || at.epoch != head.Epoch || at.seq > head.Seq {
		r.logger.Warn("the stream does not belong to this log and is made anew", "last_message", id, "epoch", head.Epoch, "head", head.Seq)
		r.recreated.Add(1)
		if err := r.bus.dropStream(ctx, r.log.Source()); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		return fmt.Errorf("the stream of %s is being made anew", r.log.Source())
	}
	r.located, r.empty, r.last = true, false, at.seq
	r.published.Store(at.seq)
	return nil
}

// sayHead tells consumers where the log ends, so that they notice a lost tail. It may be lost itself: they also ask.
func (r *Relay) sayHead(ctx context.Context) {
	if !r.bus.Connected() {
		return
	}
	head, err := r.log.Head(ctx)
	if err != nil {
		return
	}
	if err := r.bus.conn.Publish(headSubject(r.log.Source()), beat{head.Epoch, head.Seq, head.Chain}.encode()); err != nil {
		r.logger.Debug("a head-beat was not sent", "error", err)
	}
}
