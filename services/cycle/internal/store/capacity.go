package store

import (
	"context"
	"encoding/json"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CapacityEntries of the teams by day.
var CapacityEntries = &record.Collection[domain.CapacityEntry, domain.Event]{
	Table: "capacity_entries", Type: "capacity_entry", Noun: "capacity entry",
	Key: func(e *domain.CapacityEntry) record.Key {
		return teamKey(e.Name, "", string(e.Day()))
	},
	Data: wire.CapacityEntryEvent,
}

// CapacityOf reads the ledger of the team's period.
func CapacityOf(ctx context.Context, q db.Queryer, team string, period domain.Period) ([]*domain.CapacityEntry, error) {
	docs, err := db.All[string](ctx, q, "select doc from capacity_entries where parent = $1 and sort_key >= $2 and sort_key <= $3 order by sort_key",
		team, string(period.Start), string(period.End))
	if err != nil {
		return nil, err
	}
	entries := make([]*domain.CapacityEntry, 0, len(docs))
	for _, doc := range docs {
		e := &domain.CapacityEntry{}
		if err := json.Unmarshal([]byte(doc), e); err != nil {
			return nil, fault.New(fault.Internal, "DOCUMENT_UNREADABLE", "A stored capacity entry cannot be read.").Because(err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}
