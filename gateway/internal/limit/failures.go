package limit

import (
	"sync"
	"time"
)

// Failures counts how often somebody has shown what was not good, and holds back who did so too often.
type Failures struct {
	most   int
	window time.Duration
	clock  func() time.Time

	mu     sync.Mutex
	counts map[Key]*failures
}

type failures struct {
	count int
	until time.Time // when they are forgiven
}

// NewFailures allows most failures in a window of time, which begins with the first one; with most below 1 there is no limit.
func NewFailures(most int, window time.Duration, clock func() time.Time) *Failures {
	return &Failures{most: most, window: window, clock: clock, counts: map[Key]*failures{}}
}

// Held tells how long the key is held back, 0 when it is not.
func (f *Failures) Held(key Key) time.Duration {
	if f == nil || f.most < 1 {
		return 0
	}
	now := f.clock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if had, ok := f.counts[key]; ok && had.count >= f.most && now.Before(had.until) {
		return had.until.Sub(now)
	}
	return 0
}

// Note counts one failure. Nothing takes it back before its time: a good credential in between must not buy further guesses.
func (f *Failures) Note(key Key) {
	if f == nil || f.most < 1 {
		return
	}
	now := f.clock()
	f.mu.Lock()
	defer f.mu.Unlock()
	had, ok := f.counts[key]
	if !ok || !now.Before(had.until) {
		if !ok && len(f.counts) >= maxKeys {
			makeRoom(f.counts, func(other *failures) bool { return !now.Before(other.until) })
		}
		had = &failures{until: now.Add(f.window)}
		f.counts[key] = had
	}
	had.count++
}
