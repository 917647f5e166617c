package eventlog_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

func TestWhatIsGatheredIsFinishedOnceBeforeTheCommit(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		type names []string
		type numbers []int
		var finished []names
		gather := func(tx *eventlog.Tx, name string) {
			all := eventlog.Gather(tx, func(tx *eventlog.Tx, all *names) error {
				finished = append(finished, slices.Clone(*all))
				*eventlog.Gather(tx, func(_ *eventlog.Tx, n *numbers) error {
					if len(*n) != 1 {
						t.Errorf("%d numbers are gathered", len(*n))
					}
					finished = append(finished, names{"late"})
					return nil
				}) = numbers{1}
				return nil
			})
			*all = append(*all, name)
		}
		for range 2 { // nothing is left of the first transaction in the second
			finished = nil
			err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
				gather(tx, "a")
				gather(tx, "b")
				if len(finished) > 0 {
					t.Error("it is finished before the end")
				}
				return nil
			})
			if err != nil || !slices.EqualFunc(finished, []names{{"a", "b"}, {"late"}}, slices.Equal) {
				t.Fatalf("%v, %v", finished, err)
			}
		}
		finished = nil
		refused := errors.New("no")
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			gather(tx, "c")
			return refused
		})
		if !errors.Is(err, refused) || len(finished) > 0 {
			t.Errorf("after an error it is finished: %v, %v", finished, err)
		}
		err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
			eventlog.Gather(tx, func(*eventlog.Tx, *names) error { return refused })
			return tx.Append(event("undone", 1))
		})
		if !errors.Is(err, refused) || count(t, l, "event_log") != 0 {
			t.Errorf("an error at the end is %v, and leaves %d events", err, count(t, l, "event_log"))
		}
	})
}
