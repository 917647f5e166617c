// Package store keeps learnings and their text index: one suite of promises for SQLite and Postgres.
package store

import (
	"fmt"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// learnings lie under their cycle. Others read them through Get, and change them through Learn and Change, which keep the text index.
var learnings = &record.Collection[domain.Learning, domain.Event]{
	Table: "learnings", Type: "learning", Noun: "learning", Descending: true,
	Key: func(l *domain.Learning) record.Key {
		return record.Key{Name: l.Name, Parent: l.Cycle, Team: l.TeamID(), State: string(l.State), SortKey: sortKey(l.Since)}
	},
	Data: wire.LearningEvent,
}

// sortKey orders by time as bytes.
func sortKey(t time.Time) string { return fmt.Sprintf("%020d", t.UnixMicro()) }

// Learn changes what is known from an experiment, and makes its learning when there is none. Without an event nothing is saved.
func Learn(tx *eventlog.Tx, experiment string, change func(l *domain.Learning) []domain.Event) error {
	fresh, err := domain.New(experiment)
	if err != nil {
		return err
	}
	// The two sources of a learning are applied side by side.
	if err := tx.Lock("learning of " + experiment); err != nil {
		return err
	}
	_, found, err := learnings.Find(tx, fresh.Name)
	if err != nil {
		return err
	}
	if found {
		_, err = Change(tx, fresh.Name, "", func(l *domain.Learning, _ time.Time) ([]domain.Event, error) { return change(l), nil })
		return err
	}
	events := change(fresh)
	if len(events) == 0 {
		return nil
	}
	if _, err := learnings.Create(tx, fresh, events...); err != nil {
		return err
	}
	return indexLearning(tx, fresh)
}

// Change changes a learning and its place in the text index. Reasons are those of record.Collection.Update.
func Change(tx *eventlog.Tx, name, etag string, change func(l *domain.Learning, now time.Time) ([]domain.Event, error)) (record.Row[domain.Learning], error) {
	changed := false
	row, err := learnings.Update(tx, name, etag, func(l *domain.Learning, now time.Time) ([]domain.Event, error) {
		events, err := change(l, now)
		changed = len(events) > 0
		return events, err
	})
	if err != nil || !changed {
		return row, err
	}
	return row, indexLearning(tx, row.Value)
}
