package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// errMoved means that the cursor in the database is another than expected: another process works on the same source.
var errMoved = errors.New("the cursor was moved by another process")

// asService names the consuming service as the actor of what handlers write.
func asService(ctx context.Context, service string) context.Context {
	return caller.With(ctx, caller.Caller{Subject: "services/" + service, Service: true})
}

// apply applies records that follow the cursor. When the transaction fails for a reason that will not pass, the events are
// tried one by one, so that only the failing one is put aside. When it goes on failing for one that should pass, it may be too
// much for one transaction: it is halved.
func (c *Consumer) apply(ctx context.Context, records []eventlog.Record) error {
	tries := forEver
	if len(records) > 1 {
		tries = attempts
	}
	done := 0
	err := c.persist(ctx, tries, func() (err error) {
		done, err = c.commit(ctx, records)
		return err
	})
	if err == nil && done < len(records) {
		return c.apply(ctx, records[done:])
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, errMoved) {
		return err
	}
	if len(records) > 1 {
		part := 1
		if passing(err) {
			part = (len(records) + 1) / 2
		}
		for chunk := range slices.Chunk(records, part) {
			if err := c.apply(ctx, chunk); err != nil {
				return err
			}
		}
		return nil
	}
	again := c.retry
	for range attempts - 1 {
		if !again.wait(ctx) {
			return ctx.Err()
		}
		err = c.persist(ctx, forEver, func() error {
			_, err := c.commit(ctx, records)
			return err
		})
		if err == nil || ctx.Err() != nil || errors.Is(err, errMoved) {
			return err
		}
	}
	return c.putAside(ctx, records[0], err)
}

const forEver = 0

// persist runs a transaction until it succeeds or fails for a reason that will not pass by waiting, or that often.
func (c *Consumer) persist(ctx context.Context, tries int, transaction func() error) error {
	again := c.retry
	for {
		err := transaction()
		if err == nil || !passing(err) || tries != forEver && again.tries == tries-1 {
			return err
		}
		if again.tries == 0 {
			c.logger.Warn("events wait for the database", "error", err)
		}
		if !again.wait(ctx) {
			return err
		}
	}
}

// passing tells whether a failure is one of the circumstances, not of the event.
func passing(err error) bool {
	kind := fault.From(err).Kind
	return kind == fault.Unavailable || kind == fault.ResourceExhausted || kind == fault.Aborted
}

// commitWithin is how long a transaction takes in further events. Some events are a thousand times as much work as others, and others
// wait to write; a batch that takes longer is applied in parts.
const commitWithin = 200 * time.Millisecond

// commit applies records in one transaction and moves the cursor behind them. What is behind the cursor already is left out. It returns
// how many of them are behind it now: when that takes long, not all.
func (c *Consumer) commit(ctx context.Context, records []eventlog.Record) (done int, err error) {
	var cursor eventlog.Head
	var applied int64
	err = c.cfg.Log.Do(ctx, func(tx *eventlog.Tx) error {
		var err error
		if cursor, err = eventlog.LoadCursor(tx, c.cfg.Source); err != nil {
			return err
		}
		began := time.Now()
		applied, done = 0, 0
		for _, r := range records {
			if applied > 0 && time.Since(began) > commitWithin {
				break
			}
			done++
			switch {
			case r.Epoch == cursor.Epoch && r.Seq <= cursor.Seq:
				continue
			case r.Epoch != cursor.Epoch, r.Seq != cursor.Seq+1:
				return errMoved
			}
			if err := c.handle(tx, r); err != nil {
				return err
			}
			cursor.Seq, cursor.Chain = r.Seq, r.Chain
			applied++
		}
		return save(tx, c.cfg.Source, cursor)
	})
	if errors.Is(err, errMoved) {
		c.moveTo(cursor)
	}
	if err != nil {
		return 0, err
	}
	c.moveTo(cursor)
	c.count(func(s *ConsumerStatus) { s.Applied += applied })
	return done, nil
}

func save(tx *eventlog.Tx, source string, cursor eventlog.Head) error {
	return eventlog.SaveCursor(tx, source, cursor.Epoch, cursor.Seq, cursor.Chain)
}

// handle contains what a handler may do to the process.
func (c *Consumer) handle(tx *eventlog.Tx, r eventlog.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "HANDLER_PANICKED", "The handler of %s failed.", r.Type).Because(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return c.cfg.Handle(tx, r)
}

// putAside keeps an event that cannot be applied, with its payload, and moves the cursor over it.
func (c *Consumer) putAside(ctx context.Context, r eventlog.Record, why error) error {
	f := fault.From(why)
	c.logger.Error("an event cannot be applied and is put aside", "sequence", r.Seq, "event_id", r.ID, "type", r.Type, "reason", f.Reason, "error", why, "cause", f.Cause)
	var cursor eventlog.Head
	err := c.persist(ctx, forEver, func() error {
		return c.cfg.Log.Do(ctx, func(tx *eventlog.Tx) error {
			var err error
			if cursor, err = eventlog.LoadCursor(tx, c.cfg.Source); err != nil {
				return err
			}
			if r.Epoch != cursor.Epoch || r.Seq != cursor.Seq+1 {
				return errMoved
			}
			if err := eventlog.Quarantine(tx, r, f.Reason+": "+f.Message); err != nil {
				return err
			}
			cursor.Seq, cursor.Chain = r.Seq, r.Chain
			return save(tx, c.cfg.Source, cursor)
		})
	})
	if err == nil || errors.Is(err, errMoved) {
		c.moveTo(cursor)
	}
	if err != nil {
		return err
	}
	c.count(func(s *ConsumerStatus) { s.Quarantined++ })
	return nil
}

// loadCursor reads the cursor at start; false means that ctx ended first.
func (c *Consumer) loadCursor(ctx context.Context) bool {
	again := c.retry
	for {
		cursor, err := eventlog.ReadCursor(ctx, c.cfg.Log.DB().Read(), c.cfg.Source)
		if err == nil {
			c.moveTo(cursor)
			return true
		}
		if ctx.Err() == nil {
			c.logger.Warn("the cursor cannot be read", "error", err)
		}
		if !again.wait(ctx) {
			return false
		}
	}
}

func sortBySequence(records []eventlog.Record) {
	slices.SortStableFunc(records, func(a, b eventlog.Record) int {
		if a.Epoch != b.Epoch {
			return 0
		}
		return int(a.Seq - b.Seq)
	})
}
