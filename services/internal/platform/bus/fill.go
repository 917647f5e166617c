package bus

import (
	"context"

	"github.com/nats-io/nats.go"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// ask learns where the source's log ends and starts over when it is of another epoch. False means that there was no answer.
func (c *Consumer) ask(ctx context.Context) bool {
	asking, cancel := context.WithTimeout(c.cfg.Outgoing(ctx), askFor)
	defer cancel()
	head, err := c.cfg.Client.GetHead(asking, &eventlogv1.GetHeadRequest{Source: c.cfg.Source})
	if err != nil {
		c.logger.Debug("the source does not answer", "error", err)
		return false
	}
	return c.learn(ctx, head)
}

// learn takes in where the source's log ends.
func (c *Consumer) learn(ctx context.Context, head *eventlogv1.Head) bool {
	if head.GetEpoch() == "" {
		return false
	}
	if head.GetEpoch() != c.position().Epoch && !c.startOver(ctx, head.GetEpoch()) {
		return false
	}
	c.count(func(s *ConsumerStatus) { s.Head = head.GetSequence() })
	if at := c.position(); at.Seq > head.GetSequence() {
		c.logger.Error("the source's log ends before what was applied: it lost events without a new epoch", "cursor", at.Seq, "head", head.GetSequence())
	}
	return true
}

// startOver sets the cursor to the beginning of another epoch. Everything is applied again; handlers go by versions.
func (c *Consumer) startOver(ctx context.Context, epoch string) bool {
	was := c.position()
	cursor := eventlog.Head{Epoch: epoch}
	err := c.persist(ctx, forEver, func() error {
		return c.cfg.Log.Do(ctx, func(tx *eventlog.Tx) error {
			now, err := eventlog.LoadCursor(tx, c.cfg.Source)
			if err != nil {
				return err
			}
			if now.Epoch == epoch { // another process was faster
				cursor = now
				return nil
			}
			cursor = eventlog.Head{Epoch: epoch}
			return save(tx, c.cfg.Source, cursor)
		})
	})
	if err != nil {
		c.logger.Warn("a new epoch cannot be started", "error", err)
		return false
	}
	c.moveTo(cursor)
	c.count(func(s *ConsumerStatus) { s.Head = cursor.Seq })
	if was.Epoch != "" && was.Epoch != epoch {
		c.count(func(s *ConsumerStatus) { s.Resyncs++ })
		c.logger.Warn("the source was restored: its events are applied again", "old_epoch", was.Epoch, "old_cursor", was.Seq, "epoch", epoch)
	}
	return true
}

// fill applies events from the source itself until its log's end. False means that it came to a halt before.
func (c *Consumer) fill(ctx context.Context) bool {
	for ctx.Err() == nil {
		at := c.position()
		asking, cancel := context.WithTimeout(c.cfg.Outgoing(ctx), askFor)
		page, err := c.cfg.Client.ListEvents(asking, &eventlogv1.ListEventsRequest{Source: c.cfg.Source, AfterSequence: at.Seq, Limit: fillPage})
		cancel()
		if err != nil {
			c.logger.Warn("the source does not hand out its events", "after", at.Seq, "error", err)
			return false
		}
		if !c.learn(ctx, page.GetHead()) {
			return false
		}
		if c.position() != at {
			continue // of another epoch: this page is not what follows
		}
		if len(page.GetEvents()) == 0 {
			return true
		}
		if !c.applyPage(ctx, at, page.GetEvents()) {
			return false
		}
	}
	return false
}

// applyPage applies a page that follows the cursor.
func (c *Consumer) applyPage(ctx context.Context, at eventlog.Head, events []*eventlogv1.LoggedEvent) bool {
	records := make([]eventlog.Record, 0, len(events))
	for i, e := range events {
		r, err := eventlog.ParseCloudEvent([]byte(e.GetCloudEvent()))
		if err != nil || r.Epoch != at.Epoch || r.Seq != at.Seq+1 || e.GetSequence() != r.Seq {
			c.logger.Error("the source hands out what does not follow", "after", at.Seq, "got", e.GetSequence(), "index", i, "error", err)
			break
		}
		if !follows(at, r) {
			// The log itself says so: apply it, stopping would help nobody, but say it aloud.
			c.count(func(s *ConsumerStatus) { s.ChainMismatches++ })
			c.logger.Error("an event in the source's log does not follow its predecessor's hash", "sequence", r.Seq, "event_id", r.ID)
		}
		at.Seq, at.Chain = r.Seq, r.Chain
		records = append(records, r)
	}
	whole := len(records) == len(events)
	for len(records) > 0 {
		n := min(batchSize, len(records))
		before := c.Status().Applied
		if err := c.apply(ctx, records[:n]); err != nil {
			return false
		}
		c.count(func(s *ConsumerStatus) { s.Filled += s.Applied - before })
		records = records[n:]
	}
	return whole
}

// follows tells whether the record's hash continues the cursor's. A cursor without one (a source that was pruned, or a
// start in the middle) cannot tell.
func follows(at eventlog.Head, r eventlog.Record) bool {
	if at.Chain == "" && at.Seq > 0 {
		return true
	}
	return eventlog.NextChain(at.Chain, r.ID, r.PayloadHash) == r.Chain
}

// listen takes in the source's head-beats.
func (c *Consumer) listen() (*nats.Subscription, error) {
	return c.bus.conn.Subscribe(headSubject(c.cfg.Source), func(m *nats.Msg) {
		b, err := decodeBeat(m.Data)
		if err != nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if b.Epoch == c.cursor.Epoch { // another epoch is for the watchdog, which asks the source
			c.status.Head = max(c.status.Head, b.Seq)
		}
	})
}
