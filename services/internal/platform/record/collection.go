// Package record keeps the aggregates of a service as rows, alike in every service: the aggregate as a JSON document
// beside the few columns that lists need, its version, and for every change the events that tell of it.
//
// The table of a collection is
//
//	create table cycles (name text primary key, parent text not null, team text not null, state text not null,
//	  sort_key text not null, version bigint not null, doc text not null, create_time bigint not null, update_time bigint not null);
//	create index cycles_list on cycles (parent, sort_key, name);
//
// On Postgres name and sort_key should be declared `text collate "C"`, so that both engines list in the same order.
package record

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// currentEtag is the metadata of a lost race that tells the etag to go on with.
const currentEtag = "current_etag"

// Row is an aggregate as it is stored.
type Row[T any] struct {
	// Value is the aggregate.
	Value *T
	// Version is the number of its events so far.
	Version int64
	// Etag changes with every change: `"<first 8 of the epoch>-<version>"`, the quotes included.
	Etag string
	// CreateTime and UpdateTime are in UTC, in whole microseconds.
	CreateTime, UpdateTime time.Time
}

// Key is what a collection must know of an aggregate.
type Key struct {
	// Name is its resource name and never changes.
	Name string
	// Parent is what List goes by, Team the id of the team whose events these are; each may be empty.
	Parent, Team string
	// State is what List may choose by.
	State string
	// SortKey orders a list, by bytes; equal keys are ordered by name.
	SortKey string
}

// Collection keeps the aggregates of one type, T, whose changes are told by E. Declare it once, as a variable; do not copy
// it.
type Collection[T, E any] struct {
	// Table is the table's name.
	Table string
	// Type is the aggregate type in the event log, such as "target_condition"; it begins the reasons, such as
	// TARGET_CONDITION_NOT_FOUND.
	Type string
	// Noun is what messages call it, such as "target condition".
	Noun string
	// Key reads the columns off an aggregate.
	Key func(*T) Key
	// Data makes an event's message. The row is the one after the change, also for the first of several events.
	Data func(row Row[T], e E) proto.Message
	// Descending lists the greatest sort key first.
	Descending bool
	// Anonymous says which events do not tell who did it; nil means none.
	Anonymous func(E) bool
	// Audit makes the audit event of an event; before is nil for a new aggregate. False means that the event is none of the
	// audit log's; a nil Audit, that none of the collection's is.
	Audit func(before, after *T, e E) (audit.Event, bool)
	// Also does what else an event brings about, in the same transaction; nil means nothing.
	Also func(tx *eventlog.Tx, after *T, e E) error

	once sync.Once
	sql  statements
}

type statements struct {
	find, findForUpdate, insert, update, list, listOfTeam string
}

func (c *Collection[T, E]) statements() *statements {
	c.once.Do(func() {
		c.sql = statements{
			find: "select " + Columns + " from " + c.Table + " where name = $1",
			insert: "insert into " + c.Table + " (name, parent, team, state, sort_key, version, doc, create_time, update_time)" +
				" values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (name) do nothing",
			update: "update " + c.Table + " set parent = $2, team = $3, state = $4, sort_key = $5, version = $6, doc = $7, update_time = $8" +
				" where name = $1 and version = $9",
			list:       "select " + Columns + " from " + c.Table + " where parent = $1",
			listOfTeam: "select " + Columns + " from " + c.Table + " where team = $1",
		}
		// Postgres would otherwise let two changes read the same version, and one of them fail.
		c.sql.findForUpdate = c.sql.find + " for update"
	})
	return &c.sql
}

// stored is a row of the table, as far as the aggregate does not say it itself.
type stored struct {
	Version    int64  `db:"version"`
	Doc        []byte `db:"doc"`
	CreateTime int64  `db:"create_time"`
	UpdateTime int64  `db:"update_time"`
}

func (c *Collection[T, E]) row(l *eventlog.Log, s stored) (Row[T], error) {
	x := new(T)
	if err := json.Unmarshal(s.Doc, x); err != nil {
		return Row[T]{}, fault.New(fault.Internal, "DOCUMENT_UNREADABLE", "A stored %s cannot be read.", c.Noun).Because(err)
	}
	return Row[T]{Value: x, Version: s.Version, Etag: Etag(l, s.Version), CreateTime: db.Time(s.CreateTime), UpdateTime: db.Time(s.UpdateTime)}, nil
}

// Etag is the etag of a version, the quotes included. It holds the log's epoch, so that a restored database does not take an
// etag from before the restore for its own.
func Etag(l *eventlog.Log, version int64) string {
	return `"` + l.Epoch()[:8] + "-" + strconv.FormatInt(version, 10) + `"`
}

// Get reads an aggregate outside of any transaction. Reason: <TYPE>_NOT_FOUND.
func (c *Collection[T, E]) Get(ctx context.Context, l *eventlog.Log, name string) (Row[T], error) {
	if err := ctx.Err(); err != nil {
		return Row[T]{}, db.Fault(err)
	}
	if l.DB().Engine() == db.SQLite {
		// One row by its key takes microseconds there; to watch meanwhile whether the caller gives up costs more than the row.
		ctx = context.WithoutCancel(ctx)
	}
	s, found, err := db.One[stored](ctx, l.DB().Read(), c.statements().find, name)
	if err != nil {
		return Row[T]{}, err
	}
	if !found {
		return Row[T]{}, c.notFound(name)
	}
	return c.row(l, s)
}

// Find reads an aggregate inside a transaction; false means that it does not exist.
func (c *Collection[T, E]) Find(tx *eventlog.Tx, name string) (Row[T], bool, error) {
	s, found, err := db.One[stored](context.Background(), tx, c.statements().find, name)
	if err != nil || !found {
		return Row[T]{}, false, err
	}
	row, err := c.row(tx.Log(), s)
	return row, err == nil, err
}

// Must is Find for an aggregate that has to be there. Reason: <TYPE>_NOT_FOUND.
func (c *Collection[T, E]) Must(tx *eventlog.Tx, name string) (Row[T], error) {
	row, found, err := c.Find(tx, name)
	if err == nil && !found {
		err = c.notFound(name)
	}
	return row, err
}

// Hold is Must, and nobody else changes the aggregate until the transaction ends.
func (c *Collection[T, E]) Hold(tx *eventlog.Tx, name string) (Row[T], error) {
	s, err := c.hold(tx, name)
	if err != nil {
		return Row[T]{}, err
	}
	return c.row(tx.Log(), s)
}

func (c *Collection[T, E]) hold(tx *eventlog.Tx, name string) (stored, error) {
	query := c.statements().find
	if tx.Engine() == db.Postgres {
		query = c.statements().findForUpdate
	}
	s, found, err := db.One[stored](context.Background(), tx, query, name)
	if err == nil && !found {
		err = c.notFound(name)
	}
	return s, err
}

// Create saves a new aggregate with the events that tell of it, at least one. Reason: <TYPE>_ALREADY_EXISTS.
func (c *Collection[T, E]) Create(tx *eventlog.Tx, x *T, events ...E) (Row[T], error) {
	if len(events) == 0 {
		return Row[T]{}, fault.New(fault.Internal, "CHANGE_WITHOUT_EVENT", "A %s was to be saved without an event.", c.Noun)
	}
	doc, err := json.Marshal(x)
	if err != nil {
		return Row[T]{}, fault.From(err)
	}
	key, version, now := c.Key(x), int64(len(events)), tx.Now()
	n, err := tx.Exec(c.statements().insert, key.Name, key.Parent, key.Team, key.State, key.SortKey, version, string(doc), db.Micros(now))
	if err != nil {
		return Row[T]{}, err
	}
	if n == 0 {
		return Row[T]{}, fault.New(fault.AlreadyExists, c.reason("ALREADY_EXISTS"), "The %s %q exists already.", c.Noun, key.Name)
	}
	row := Row[T]{Value: x, Version: version, Etag: Etag(tx.Log(), version), CreateTime: now, UpdateTime: now}
	return row, c.append(tx, row, key, nil, events)
}

// Update changes an aggregate: it loads it, compares etag with its own ("" compares nothing), lets change apply a rule, and
// saves it with the events that change returned. Without an event nothing is saved, and the row is returned as it is
// stored. Reasons: <TYPE>_NOT_FOUND; ETAG_MISMATCH (Aborted) with the metadata current_etag; CONCURRENT_CHANGE (Aborted). An
// Aborted fault of change gets that metadata too.
func (c *Collection[T, E]) Update(tx *eventlog.Tx, name, etag string, change func(x *T, now time.Time) ([]E, error)) (Row[T], error) {
	s, err := c.hold(tx, name)
	if err != nil {
		return Row[T]{}, err
	}
	row, err := c.row(tx.Log(), s)
	if err != nil {
		return Row[T]{}, err
	}
	if etag != "" && etag != row.Etag {
		return Row[T]{}, fault.New(fault.Aborted, "ETAG_MISMATCH", "The %s was changed since you read it; read it again.", c.Noun).
			With(currentEtag, row.Etag)
	}
	events, err := change(row.Value, tx.Now())
	if err != nil {
		return Row[T]{}, withEtag(err, row.Etag)
	}
	if len(events) == 0 {
		return c.row(tx.Log(), s) // read anew: change may have touched the value
	}
	doc, err := json.Marshal(row.Value)
	if err != nil {
		return Row[T]{}, fault.From(err)
	}
	key := c.Key(row.Value)
	if key.Name != name {
		return Row[T]{}, fault.New(fault.Internal, "NAME_CHANGED", "The name of a %s cannot change.", c.Noun)
	}
	row.Version += int64(len(events))
	row.Etag, row.UpdateTime = Etag(tx.Log(), row.Version), tx.Now()
	n, err := tx.Exec(c.statements().update, name, key.Parent, key.Team, key.State, key.SortKey, row.Version, string(doc), db.Micros(row.UpdateTime), s.Version)
	if err != nil {
		return Row[T]{}, err
	}
	if n == 0 {
		return Row[T]{}, fault.New(fault.Aborted, "CONCURRENT_CHANGE", "The %s was changed by somebody else at the same time; read it again.", c.Noun)
	}
	before, err := c.before(tx, s)
	if err != nil {
		return Row[T]{}, err
	}
	return row, c.append(tx, row, key, before, events)
}

// withEtag adds the row's etag to a lost race that does not tell one, so that the caller can read what is there now and try again.
func withEtag(err error, etag string) error {
	f := fault.From(err)
	if f.Kind != fault.Aborted || f.Metadata[currentEtag] != "" {
		return err
	}
	told := *f
	told.Metadata = maps.Clone(f.Metadata)
	return told.With(currentEtag, etag)
}

// before is the aggregate as it was, for the audit log.
func (c *Collection[T, E]) before(tx *eventlog.Tx, s stored) (*T, error) {
	if c.Audit == nil {
		return nil, nil
	}
	row, err := c.row(tx.Log(), s)
	return row.Value, err
}

// append records the events with the versions up to the row's, and what the audit log wants of them.
func (c *Collection[T, E]) append(tx *eventlog.Tx, row Row[T], key Key, before *T, events []E) error {
	first := row.Version - int64(len(events)) + 1
	for i, e := range events {
		err := tx.Append(eventlog.Event{
			Team: key.Team, AggregateType: c.Type, AggregateID: key.Name, AggregateVersion: first + int64(i), Subject: key.Name,
			Data: c.Data(row, e), Anonymous: c.Anonymous != nil && c.Anonymous(e),
		})
		if err != nil {
			return err
		}
		if c.Also != nil {
			if err := c.Also(tx, row.Value, e); err != nil {
				return err
			}
		}
		if c.Audit == nil {
			continue
		}
		if done, ok := c.Audit(before, row.Value, e); ok {
			if done.Resource == "" {
				done.Resource = key.Name
			}
			if err := audit.Record(tx, done); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Collection[T, E]) notFound(name string) *fault.Error {
	return fault.New(fault.NotFound, c.reason("NOT_FOUND"), "There is no %s %q.", c.Noun, name)
}

func (c *Collection[T, E]) reason(suffix string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(c.Type)) + "_" + suffix
}
