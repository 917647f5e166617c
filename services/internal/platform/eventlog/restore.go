package eventlog

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// Restore records an event that happened before, at another instant and by somebody else, such as one from an archive. It gets
// a new id and the next place in this log. Other services receive it as any other event.
func (tx *Tx) Restore(e Event, at time.Time, actor string) error {
	return tx.insert(e, at.UTC(), actor, "")
}

// Past is an event of one aggregate, as Of returns it.
type Past struct {
	// Type is the full name of the message that Data is in JSON.
	Type string `db:"event_type"`
	// Actor is who did it, or empty.
	Actor string `db:"actor"`
	// Version numbers the events of the aggregate from 1 on.
	Version int64 `db:"aggregate_version"`
	// Micros is when it happened, see db.Time.
	Micros int64 `db:"occurred_at"`
	// Order grows with the order in which the events of the log were appended.
	Order int64 `db:"appended"`
	// Data is the message in protojson.
	Data json.RawMessage `db:"payload"`
}

// Of returns the events of an aggregate up to a version, in order. Unlike List it also has those that wait for their number.
func (l *Log) Of(ctx context.Context, q db.Queryer, aggregateType, id string, upTo int64) ([]Past, error) {
	order := "seq"
	if l.db.Engine() == db.Postgres {
		order = "row_id"
	}
	return db.All[Past](ctx, q, "select event_type, actor, aggregate_version, occurred_at, "+order+` as appended, payload from event_log
		where aggregate_type = $1 and aggregate_id = $2 and aggregate_version <= $3 order by aggregate_version`, aggregateType, id, upTo)
}
