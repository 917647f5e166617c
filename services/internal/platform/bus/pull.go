package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	ackWait   = 30 * time.Second
	fetchFor  = 10 * time.Second
	heartbeat = 2 * time.Second
)

// pull brings messages from the broker until ctx ends. Whatever goes wrong with the broker's consumer, it is made again: the
// broker does not always say that it is gone.
func (c *Consumer) pull(ctx context.Context) {
	again := backoff{first: 100 * time.Millisecond, most: 2 * time.Second}
	for ctx.Err() == nil {
		got, err := c.join(ctx)
		if got {
			again.reset()
		}
		if ctx.Err() != nil {
			return
		}
		c.logger.Debug("the broker's consumer is made again", "error", err)
		c.count(func(s *ConsumerStatus) { s.Rejoins++ })
		again.wait(ctx)
	}
}

var errStalled = errors.New("the broker's consumer brought nothing")

// join makes or finds the broker's consumer and passes its messages on until something goes wrong. got tells whether there was
// a message.
func (c *Consumer) join(ctx context.Context) (got bool, err error) {
	making, cancel := context.WithTimeout(ctx, apiTimeout)
	consumer, err := c.bus.js.CreateOrUpdateConsumer(making, streamName(c.cfg.Source), jetstream.ConsumerConfig{
		Durable:       c.cfg.Service,
		Description:   "Events of " + c.cfg.Source + " for " + c.cfg.Service,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: batchSize,
		ReplayPolicy:  jetstream.ReplayInstantPolicy,
	})
	cancel()
	if err != nil {
		return false, err
	}
	for {
		n, err := c.fetch(ctx, consumer)
		got = got || n > 0
		switch {
		case ctx.Err() != nil:
			return got, ctx.Err()
		case errors.Is(err, errStalled):
			// Delete it, so that it is made from nothing: it may stand ahead of its stream.
			return got, errors.Join(err, c.forget(ctx))
		case err != nil:
			return got, err
		}
	}
}

// forget deletes the broker's consumer.
func (c *Consumer) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	return c.bus.js.DeleteConsumer(ctx, streamName(c.cfg.Source), c.cfg.Service)
}

// fetch asks for one batch and passes on what comes.
func (c *Consumer) fetch(ctx context.Context, consumer jetstream.Consumer) (n int, err error) {
	fetching, cancel := context.WithTimeout(ctx, fetchFor)
	defer cancel()
	batch, err := consumer.Fetch(batchSize, jetstream.FetchContext(fetching), jetstream.FetchHeartbeat(heartbeat))
	if err != nil {
		return 0, err
	}
	stalled := false
	for {
		select {
		case m, ok := <-batch.Messages():
			if !ok {
				err := batch.Error()
				switch {
				case stalled && n == 0:
					return n, errStalled
				case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
					return n, nil
				}
				return n, err
			}
			n++
			select {
			case c.messages <- m:
			case <-ctx.Done():
			}
		case <-c.rejoin:
			stalled = true
			cancel()
		}
	}
}
