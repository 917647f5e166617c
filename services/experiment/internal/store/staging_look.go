package store

import (
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Look tells how many of what was staged are new to the metric, and records nothing. What contradicts what is recorded goes to the
// report, as it would with Commit.
func Look(tx *eventlog.Tx, id, metric string, report *domain.Report) (added int, err error) {
	if err := contradictions(tx, id, metric, report); err != nil {
		return 0, err
	}
	fresh, _, err := db.One[int64](noContext, tx, `select count(*) from staged_measurements s
		where s.import_id = $1 and not exists (select 1 from measurements m where m.metric = $2 and m.time = s.time and m.source_key = s.source_key)`,
		id, metric)
	return int(fresh), err
}
