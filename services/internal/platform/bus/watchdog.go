package bus

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// watchdog notices that the broker brings nothing although the source has more. It believes the source, never the broker's
// status. It belongs to the goroutine of Run.
type watchdog struct {
	c      *Consumer
	tick   *time.Ticker
	before eventlog.Head // at the last look
	asked  time.Time
	ahead  time.Time // since when the source is known to be ahead of a cursor that stands still; zero when it is not
	stalls int       // in a row, without a message from the broker between
}

func newWatchdog(c *Consumer) *watchdog {
	return &watchdog{c: c, tick: time.NewTicker(c.cfg.StallAfter / 2)}
}

func (w *watchdog) stop() { w.tick.Stop() }

// start brings the cursor to the source's end before the broker is asked at all.
func (w *watchdog) start(ctx context.Context) {
	if w.c.ask(ctx) {
		w.asked = time.Now()
		if !w.c.cfg.DisableFill && w.c.Status().Lag() > 0 {
			w.c.fill(ctx)
		}
	}
	w.before = w.c.position()
}

// fed tells that the broker brought something.
func (w *watchdog) fed() { w.stalls = 0 }

// look asks the source once the cursor has stood still, and fetches what has been missing for too long. Without a broker
// there is nothing to wait for.
func (w *watchdog) look(ctx context.Context) {
	c, now := w.c, time.Now()
	if at := c.position(); at != w.before {
		w.before, w.ahead = at, time.Time{}
		return
	}
	if now.Sub(w.asked) >= c.cfg.StallAfter && c.ask(ctx) { // without an answer it asks again at the next look
		w.asked = now
	}
	if c.Status().Lag() == 0 {
		w.ahead = time.Time{}
		return
	}
	if w.ahead.IsZero() {
		w.ahead = now
	}
	// The cursor has stood still since the look before; half of the time more lets the broker bring what is on its way.
	if c.cfg.DisableFill || c.bus.Connected() && now.Sub(w.ahead) < c.cfg.StallAfter/2 {
		return
	}
	c.fill(ctx)
	w.before, w.ahead = c.position(), time.Time{}
	c.count(func(s *ConsumerStatus) { s.Stalls++ })
	if w.stalls++; w.stalls < 2 || !c.bus.Connected() {
		return
	}
	w.stalls = 0
	select {
	case c.rejoin <- struct{}{}: // it looked alive twice and brought nothing
	default:
	}
}
