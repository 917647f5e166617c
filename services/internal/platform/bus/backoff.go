package bus

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff grows the wait between tries, with jitter so that the processes of a cluster do not try in step.
type backoff struct {
	first, most time.Duration
	tries       int
}

func (b *backoff) reset() { b.tries = 0 }

// wait sleeps until the next try is due; false means that ctx ended.
func (b *backoff) wait(ctx context.Context) bool {
	d := min(b.most, b.first<<min(b.tries, 16))
	b.tries++
	d = d/2 + rand.N(d/2+1)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
