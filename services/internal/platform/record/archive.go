package record

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// OfTeam returns all aggregates of a team, given by its id, in the order of their names.
func (c *Collection[T, E]) OfTeam(ctx context.Context, q db.Queryer, l *eventlog.Log, team string) ([]Row[T], error) {
	return c.Select(ctx, q, l, "select "+Columns+" from "+c.Table+" where team = $1 order by name", team)
}

// Restore saves an aggregate as it was, with the version and times of the row; the etag is none of its business. Its events
// are the caller's to append. Reason: <TYPE>_ALREADY_EXISTS.
func (c *Collection[T, E]) Restore(tx *eventlog.Tx, row Row[T]) error {
	doc, err := json.Marshal(row.Value)
	if err != nil {
		return fault.From(err)
	}
	key := c.Key(row.Value)
	n, err := tx.Exec("insert into "+c.Table+" (name, parent, team, state, sort_key, version, doc, create_time, update_time)"+
		" values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (name) do nothing",
		key.Name, key.Parent, key.Team, key.State, key.SortKey, row.Version, string(doc), db.Micros(row.CreateTime), db.Micros(row.UpdateTime))
	if err == nil && n == 0 {
		err = fault.New(fault.AlreadyExists, c.reason("ALREADY_EXISTS"), "The %s %q exists already.", c.Noun, key.Name)
	}
	return err
}

// Decode reads an aggregate from its document, and refuses fields that it does not have.
func Decode[T any](doc []byte) (*T, error) {
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.DisallowUnknownFields()
	x := new(T)
	return x, decoder.Decode(x)
}

// Restored is a row for Restore.
func Restored[T any](x *T, version int64, created, updated time.Time) Row[T] {
	return Row[T]{Value: x, Version: version, CreateTime: created.UTC(), UpdateTime: updated.UTC()}
}
