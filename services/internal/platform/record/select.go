package record

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Columns is what a query for Select returns, in any order.
const Columns = "version, doc, create_time, update_time"

// Select returns the aggregates that a query finds which List cannot express. It selects Columns from the collection's
// table.
func (c *Collection[T, E]) Select(ctx context.Context, q db.Queryer, l *eventlog.Log, query string, args ...any) ([]Row[T], error) {
	found, err := db.All[stored](ctx, q, query, args...)
	if err != nil {
		return nil, err
	}
	return c.rows(l, found)
}

// Stored is a row of a query that selects Columns, for queries that read several tables at once.
type Stored = stored

// Read makes the aggregate of a row of the collection's table.
func (c *Collection[T, E]) Read(l *eventlog.Log, s Stored) (Row[T], error) { return c.row(l, s) }
