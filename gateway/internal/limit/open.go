package limit

import "sync"

// Open counts what each caller holds open.
type Open struct {
	most int

	mu     sync.Mutex
	counts map[string]int
}

// NewOpen allows each caller so many at once; without limit when most is below 1.
func NewOpen(most int) *Open { return &Open{most: most, counts: map[string]int{}} }

// Enter counts one more, unless there are too many; call the result at its end.
func (o *Open) Enter(caller string) (leave func(), ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.most > 0 && o.counts[caller] >= o.most {
		return nil, false
	}
	o.counts[caller]++
	return sync.OnceFunc(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.counts[caller]--; o.counts[caller] == 0 {
			delete(o.counts, caller)
		}
	}), true
}
