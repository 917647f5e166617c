package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// The history of a resource on both engines, page by page, while Postgres has numbered a part of it only; and after the text of
// an event was taken out, the changes still make the resource.
func TestListHistory(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, team, map[string]string{"obstacles/queue": "PARKED", "obstacles/queue2": "PARKED"})
		fill(t, l, "teams/mobile", map[string]string{"obstacles/queue": "PARKED"})
		if _, err := l.Number(t.Context()); err != nil {
			t.Fatal(err)
		}
		name := team + "/obstacles/queue"
		for _, words := range []string{"one", "two", "three"} {
			do(t, l, func(tx *eventlog.Tx) error {
				_, err := store.Obstacles.Update(tx, name, "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
					o.Description, o.StateReason = words, strings.TrimPrefix(words, "three")
					return []domain.Event{domain.ObstacleUpdated}, nil
				})
				return err
			})
		}
		list := func(size int32) (entries []domain.HistoryEntry) {
			for q := (record.Query{Parent: team, PageSize: size}); ; {
				page, next, err := store.ListHistory(t.Context(), l, q, name)
				if err != nil {
					t.Fatal(err)
				}
				entries = append(entries, page...)
				if q.PageToken = next; next == "" {
					return entries
				}
			}
		}
		for size := int32(1); size <= 5; size++ {
			var told []string
			for _, e := range list(size) {
				told = append(told, string(e.Event))
				for _, c := range e.Changes {
					if c.Field == "description" || c.Field == "stateReason" {
						told = append(told, c.Field+" "+c.Before+">"+c.After)
					}
				}
			}
			want := []string{
				"ObstacleUpdated", `description "two">"three"`, `stateReason "two">`, "ObstacleUpdated", `description "one">"two"`, `stateReason "one">"two"`,
				"ObstacleUpdated", `description "obstacles/queue">"one"`, `stateReason >"one"`, "ObstacleParked", `description >"obstacles/queue"`,
			}
			if !slices.Equal(told, want) {
				t.Errorf("%d a page: %q, want %q", size, told, want)
			}
		}

		if _, err := l.Number(t.Context()); err != nil {
			t.Fatal(err)
		}
		do(t, l, func(tx *eventlog.Tx) error { // the one that said "two"
			_, err := tx.Redact(5)
			return err
		})
		entries := list(9)
		if changes := entries[1].Changes; len(changes) != 0 {
			t.Errorf("what was taken out is told: %v", changes)
		}
		slices.Reverse(entries)
		if made := domain.Fold(entries); made["description"] != `"three"` || made["stateReason"] != "" || made["name"] != `"`+name+`"` {
			t.Errorf("the history makes %v", made)
		}
	})
}
