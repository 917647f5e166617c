package store

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ValueStreams of the teams.
var ValueStreams = &record.Collection[domain.ValueStream, domain.Event]{
	Table: "value_streams", Type: "value_stream", Noun: "value stream",
	Key: func(v *domain.ValueStream) record.Key {
		return teamKey(v.Name, "", v.Name)
	},
	Data: wire.ValueStreamEvent,
}

// ValueStreamVersions of the value streams, the latest first. They are written by keep: the events of the value stream tell
// of them.
var ValueStreamVersions = &record.Collection[domain.ValueStreamVersion, domain.Event]{
	Table: "value_stream_versions", Type: "value_stream_version", Noun: "version of the value stream", Descending: true,
	Key: func(v *domain.ValueStreamVersion) record.Key {
		return historyKey(v.Name)
	},
}

// CreateValueStream saves a new value stream with its first version.
func CreateValueStream(tx *eventlog.Tx, v *domain.ValueStream) (record.Row[domain.ValueStream], error) {
	row, err := ValueStreams.Create(tx, v, domain.ValueStreamCreated)
	if err != nil {
		return row, err
	}
	return row, keep(tx, ValueStreamVersions, v.Current())
}

// UpdateValueStream changes a value stream as record.Collection.Update does, and keeps the version that the change makes. A
// cycle of the team that plans with the value stream follows it in the same transaction.
func UpdateValueStream(
	tx *eventlog.Tx, name, etag string, change func(v *domain.ValueStream, now time.Time) ([]domain.Event, error),
) (record.Row[domain.ValueStream], error) {
	team := teamKey(name, "", "").Parent
	if err := tx.Lock(team); err != nil { // no cycle of the team begins to plan with it between the look and the commit
		return record.Row[domain.ValueStream]{}, err
	}
	before := 0
	row, err := ValueStreams.Update(tx, name, etag, func(v *domain.ValueStream, now time.Time) ([]domain.Event, error) {
		before = v.Version
		return change(v, now)
	})
	if err != nil {
		return row, err
	}
	if row.Value.Version != before {
		if err := keep(tx, ValueStreamVersions, row.Value.Current()); err != nil {
			return row, err
		}
	}
	running, err := RunningCycle(tx, team)
	if err != nil || running == "" {
		return row, err
	}
	_, err = Cycles.Update(tx, running, "", func(c *domain.Cycle, _ time.Time) ([]domain.Event, error) {
		return c.Refocus(row.Value), nil
	})
	return row, err
}

// keep saves what never changes, once and without an event of its own.
func keep[T any](tx *eventlog.Tx, c *record.Collection[T, domain.Event], x *T) error {
	doc, err := json.Marshal(x)
	if err != nil {
		return fault.From(err)
	}
	key := c.Key(x)
	_, err = tx.Exec("insert into "+c.Table+" (name, parent, team, state, sort_key, version, doc, create_time, update_time)"+
		" values ($1, $2, $3, '', $4, 1, $5, $6, $6)", key.Name, key.Parent, key.Team, key.SortKey, string(doc), db.Micros(tx.Now()))
	return err
}

// historyKey is the key of what is numbered under something of a team, `teams/{team}/…/{id}/…/{number}`, ordered by number.
func historyKey(name string) record.Key {
	parts := strings.Split(name, "/")
	sortKey := path.Base(name)
	if number, err := strconv.Atoi(sortKey); err == nil {
		sortKey = fmt.Sprintf("%09d", number)
	}
	return record.Key{Name: name, Parent: strings.Join(parts[:4], "/"), Team: parts[1], SortKey: sortKey}
}

// focused reads a value stream where there may be no transaction; nil when it does not exist.
func focused(ctx context.Context, q db.Queryer, name string) (*domain.ValueStream, error) {
	doc, found, err := db.One[string](ctx, q, "select doc from value_streams where name = $1", name)
	if err != nil || !found {
		return nil, err
	}
	v := &domain.ValueStream{}
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return nil, fault.New(fault.Internal, "DOCUMENT_UNREADABLE", "A stored value stream cannot be read.").Because(err)
	}
	return v, nil
}
