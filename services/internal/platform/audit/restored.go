package audit

import (
	"context"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// NoteEpoch records that a service's database was restored since its last start, which shows in the epoch of its event log.
// Call it at each start.
func NoteEpoch(ctx context.Context, log *eventlog.Log) error {
	before, known, err := db.One[string](ctx, log.DB().Read(), "select epoch from audit_epoch where id = 1")
	if err != nil || before == log.Epoch() {
		return err
	}
	return log.Do(ctx, func(tx *eventlog.Tx) error {
		// The condition is for another process that starts at the same time: one of them records the event.
		n, err := tx.Exec("insert into audit_epoch (id, epoch) values (1, $1) on conflict (id) do update set epoch = excluded.epoch"+
			" where audit_epoch.epoch <> excluded.epoch", log.Epoch())
		if err != nil || n == 0 || !known {
			return err
		}
		return Record(tx, Event{
			Action: commonv1.AuditAction_AUDIT_ACTION_RESTORED, Resource: "services/" + log.Source(),
			Details: map[string]string{"epoch": log.Epoch(), "epoch_before": before},
		})
	})
}
