// Package store keeps learnings and their text index: one suite of promises for SQLite and Postgres.
package store

import (
	"fmt"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
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

// Learn changes what is known from an experiment, and makes its learning when there is none. Without an event nothing is saved. What is
// not its learning is left alone, and the fault says so. Reason: LEARNING_NAME_TAKEN.
func Learn(tx *eventlog.Tx, experiment string, change func(l *domain.Learning) []domain.Event) error {
	fresh, err := domain.New(experiment)
	if err != nil {
		return err
	}
	if err := alone(tx); err != nil {
		return err
	}
	row, found, err := learnings.Find(tx, fresh.Name)
	if err != nil {
		return err
	}
	if found && row.Value.Experiment != experiment {
		return fault.New(fault.FailedPrecondition, "LEARNING_NAME_TAKEN", "%q is not what was learned in %q.", fresh.Name, experiment)
	}
	if found {
		_, err = Change(tx, fresh.Name, "", func(l *domain.Learning, _ time.Time) ([]domain.Event, error) { return change(l), nil })
		return err
	}
	events := change(fresh)
	if len(events) == 0 {
		return nil
	}
	if err := gradeNew(tx, fresh); err != nil {
		return err
	}
	if _, err := learnings.Create(tx, fresh, events...); err != nil {
		return err
	}
	return changed(tx, &domain.Learning{}, fresh)
}

// Create makes a learning that comes from no experiment. Reason: LEARNING_EXISTS.
func Create(tx *eventlog.Tx, l *domain.Learning, events ...domain.Event) (record.Row[domain.Learning], error) {
	if err := alone(tx); err != nil {
		return record.Row[domain.Learning]{}, err
	}
	if err := gradeNew(tx, l); err != nil {
		return record.Row[domain.Learning]{}, err
	}
	row, err := learnings.Create(tx, l, events...)
	if err != nil {
		return row, err
	}
	return row, changed(tx, &domain.Learning{}, l)
}

// Change changes a learning and its place in the text index. Reasons are those of record.Collection.Update.
func Change(
	tx *eventlog.Tx, name, etag string, change func(l *domain.Learning, now time.Time) ([]domain.Event, error),
) (record.Row[domain.Learning], error) {
	if err := alone(tx); err != nil {
		return record.Row[domain.Learning]{}, err
	}
	var before domain.Learning
	told := false
	row, err := learnings.Update(tx, name, etag, func(l *domain.Learning, now time.Time) ([]domain.Event, error) {
		before = *l
		before.Tags, before.Context.Stack = slices.Clone(l.Tags), slices.Clone(l.Context.Stack)
		events, err := change(l, now)
		told = len(events) > 0
		return events, err
	})
	if err != nil || !told {
		return row, err
	}
	return row, changed(tx, &before, row.Value)
}

// changed keeps the tags and the text index, and makes due what a published or retired learning brings about.
func changed(tx *eventlog.Tx, before, l *domain.Learning) error {
	if err := tagLearning(tx, l); err != nil {
		return err
	}
	indexLearning(tx, before, l)
	if l.State == before.State {
		return nil
	}
	now := tx.Log().Now()
	switch l.State {
	case domain.Draft:
		return nil
	case domain.Retired:
		return MakeDue(tx, WithdrawOffers, l.Name, now)
	case domain.Published:
	}
	if l.Experiment != "" {
		if err := MakeDue(tx, FetchChart, l.Name, now); err != nil {
			return err
		}
	}
	return MakeDue(tx, OfferLearning, l.Name, now)
}
