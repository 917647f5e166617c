package clock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/clock"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// However many names cannot be done and however long another task takes, what can be done is done.
func TestWhatFailsHoldsNothingUp(t *testing.T) {
	const poisoned = 2*store.DueAtOnce + 1
	c := testkit.NewClock()
	l := opened(t, db.SQLite, c)
	due := func(task store.Task, name string) {
		t.Helper()
		if err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return store.MakeDue(tx, task, name, c.Now()) }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range poisoned {
		due(store.OpenOffers, fmt.Sprintf("bad-%03d", i))
	}
	due(store.FetchChart, "hangs")
	c.Advance(time.Microsecond)
	due(store.OpenOffers, "good")

	var mu sync.Mutex
	tried, hanging := map[string]int{}, make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		stopped <- clock.Run(ctx, l, nil,
			clock.Task{Task: store.FetchChart, Do: func(ctx context.Context, _ *eventlog.Log, _ string) error {
				close(hanging)
				<-ctx.Done()
				return ctx.Err()
			}},
			clock.Task{Task: store.OpenOffers, Do: func(ctx context.Context, l *eventlog.Log, name string) error {
				mu.Lock()
				defer mu.Unlock()
				if tried[name]++; name != "good" {
					return errors.New("it cannot be done")
				}
				return l.Do(ctx, func(tx *eventlog.Tx) error { return store.Done(tx, store.OpenOffers, name) })
			}},
		)
	}()
	times := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return tried["good"] == 1 && len(tried) == poisoned+1 && tried["bad-000"] == n && tried[fmt.Sprintf("bad-%03d", poisoned-1)] == n
		}
	}
	<-hanging
	testkit.Eventually(t, "all are tried", times(1))
	testkit.Eventually(t, "what failed is put off", func() bool {
		names, err := store.DueNow(t.Context(), l, store.OpenOffers)
		return err == nil && len(names) == 0
	})
	for by, want := range map[time.Duration]int64{0: 0, 10 * time.Second: poisoned} {
		if due, err := store.DueBy(t.Context(), l, c.Now().Add(by)); err != nil || due[store.OpenOffers] != want || due[store.CloseOffer] != 0 {
			t.Errorf("within %s are due %v, %v", by, due, err)
		}
	}
	c.Advance(10 * time.Second)
	testkit.Eventually(t, "what failed is tried again", times(2))
	cancel()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	// The end of the program puts nothing off.
	names, err := store.DueNow(t.Context(), l, store.FetchChart)
	if err != nil || !slices.Equal(names, []string{"hangs"}) {
		t.Errorf("due are %q, %v", names, err)
	}
}
