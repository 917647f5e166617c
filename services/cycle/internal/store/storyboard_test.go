package store_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ids names a row, or each of several, in short.
func ids[T any](name func(*T) string, rows ...record.Row[T]) string {
	var all []string
	for _, row := range rows {
		all = append(all, path.Base(name(row.Value)))
	}
	return strings.Join(all, " ")
}

func idOf[T any](name func(*T) string, row *record.Row[T]) string {
	if row == nil {
		return ""
	}
	return ids(name, *row)
}

func shown(b *store.Storyboard) string {
	cycle := func(c *domain.Cycle) string { return c.Name }
	obstacle := func(o *domain.Obstacle) string { return o.Name }
	return strings.Join([]string{
		idOf(func(c *domain.Challenge) string { return c.Name }, b.Challenge),
		idOf(func(c *domain.TargetCondition) string { return c.Name }, b.TargetCondition),
		idOf(obstacle, b.CurrentObstacle), ids(obstacle, b.Obstacles...), idOf(cycle, b.Cycle), idOf(cycle, b.Next), ids(cycle, b.Past...),
		ids(func(a *domain.Andon) string { return a.Name }, b.OpenAndons...),
	}, "|")
}

func TestReadStoryboard(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		board, err := store.ReadStoryboard(t.Context(), l, team)
		if err != nil || shown(board) != "|||||||" {
			t.Fatalf("nothing yet: %s, %v", shown(board), err)
		}
		fill(t, l, team, map[string]string{
			"challenges/now": "ACTIVE", "challenges/before": "MET", "targetConditions/now": "ACTIVE", "targetConditions/before": "ACHIEVED",
			"obstacles/a": "ESCALATED", "obstacles/b": "CURRENT", "obstacles/c": "OVERCOME", "obstacles/d": "PARKED", "obstacles/e": "PARKED", "obstacles/f": "DROPPED",
			"cycles/c": "ACTIVE", "cycles/next": "DRAFT", "andons/two": "OPEN", "andons/one": "OPEN", "andons/done": "RESOLVED",
		})
		fill(t, l, "teams/mobile", map[string]string{
			"challenges/other": "ACTIVE", "obstacles/other": "CURRENT", "cycles/c": "ACTIVE", "andons/other": "OPEN", "targetConditions/other": "ACTIVE",
		})
		do(t, l, func(tx *eventlog.Tx) error {
			for i := range 14 {
				state := domain.CycleDone
				if i == 12 {
					state = domain.CycleStopped
				}
				c := &domain.Cycle{Name: fmt.Sprintf("%s/cycles/p%02d", team, i), State: state, StartDate: domain.Day(fmt.Sprintf("2025-%02d-01", 1+i/2))}
				if _, err := store.Cycles.Create(tx, c, domain.CycleStarted); err != nil {
					return err
				}
			}
			return nil
		})
		board, err = store.ReadStoryboard(t.Context(), l, team)
		want := "now|now|b|d e a|c|next|p13 p12 p11 p10 p09 p08 p07 p06 p05 p04 p03 p02|one two"
		if err != nil || shown(board) != want {
			t.Errorf("%s, %v, want %s", shown(board), err, want)
		}
		if row, err := store.Cycles.Get(t.Context(), l, team+"/cycles/c"); err != nil || board.Cycle.Etag != row.Etag || !board.Cycle.UpdateTime.Equal(row.UpdateTime) {
			t.Errorf("the cycle is %+v, want %+v", board.Cycle, row)
		}
	})
}
