package store

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Evidence lies under the learning whose claim it bears on, in the order of its conclusion.
var Evidence = &record.Collection[domain.Evidence, domain.Event]{
	Table: "evidence", Type: "evidence", Noun: "piece of evidence",
	Key: func(e *domain.Evidence) record.Key {
		learning, _, _ := strings.Cut(e.Name, "/evidence/")
		return record.Key{
			Name: e.Name, Parent: learning, Team: strings.TrimPrefix(e.Team, "teams/"), State: string(e.Result), SortKey: sortKey(e.ConcludeTime),
		}
	},
	Data: wire.EvidenceEvent,
}
