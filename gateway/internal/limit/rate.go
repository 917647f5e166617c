package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate gives each key a bucket of tokens that fills up again steadily.
type Rate struct {
	perSecond rate.Limit
	burst     int
	clock     func() time.Time

	mu      sync.Mutex
	buckets map[Key]*rate.Limiter
}

// NewRate allows perSecond requests in the long run and burst at once; twice perSecond when burst is 0. With 0 perSecond there
// is no limit.
func NewRate(perSecond float64, burst int, clock func() time.Time) *Rate {
	if burst <= 0 {
		burst = max(1, int(2*perSecond))
	}
	return &Rate{perSecond: rate.Limit(perSecond), burst: burst, clock: clock, buckets: map[Key]*rate.Limiter{}}
}

// Take takes one token. When there is none it tells how long that lasts; otherwise 0.
func (r *Rate) Take(key Key) time.Duration {
	if r == nil || r.perSecond <= 0 {
		return 0
	}
	now := r.clock()
	bucket := r.bucket(key, now)
	if bucket.AllowN(now, 1) {
		return 0
	}
	missing := 1 - bucket.TokensAt(now)
	return max(time.Millisecond, time.Duration(missing/float64(r.perSecond)*float64(time.Second)))
}

func (r *Rate) bucket(key Key, now time.Time) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	bucket, ok := r.buckets[key]
	if !ok {
		if len(r.buckets) >= maxKeys {
			// A full bucket is as good as none.
			makeRoom(r.buckets, func(b *rate.Limiter) bool { return b.TokensAt(now) >= float64(r.burst) })
		}
		bucket = rate.NewLimiter(r.perSecond, r.burst)
		r.buckets[key] = bucket
	}
	return bucket
}
