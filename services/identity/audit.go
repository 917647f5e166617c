package identity

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Setting is a setting that the program was started with, for the audit log.
type Setting struct {
	// Name is the setting's, such as FORTNIGHT_HTTP_ADDR, and Source where its value comes from.
	Name, Source string
	// Value must be empty for a secret: of secrets it only counts whether and from where there is one.
	Value string
}

// settingsPerEvent is how many changed settings one audit event names at most.
const settingsPerEvent = 20

// RecordSettings compares the settings with those of the last start and records which differ: their names and where their
// values come from, never a value. The first start has nothing to compare with.
func (s *Service) RecordSettings(ctx context.Context, settings []Setting) error {
	now := make([]domain.Setting, len(settings))
	for i, given := range settings {
		now[i] = domain.Setting(given)
	}
	return s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		if err := tx.Lock("settings"); err != nil {
			return err
		}
		before, err := store.Settings(ctx, tx)
		if err != nil {
			return err
		}
		changed := domain.ChangedSettings(before, now)
		if len(changed) == 0 {
			return nil
		}
		if err := store.ReplaceSettings(tx, now); err != nil || len(before) == 0 {
			return err
		}
		for names := range slices.Chunk(slices.Sorted(maps.Keys(changed)), settingsPerEvent) {
			details := map[string]string{}
			for _, name := range names {
				details[name] = changed[name]
			}
			if err := audit.Record(tx, audit.Event{Action: commonv1.AuditAction_AUDIT_ACTION_SETTINGS_CHANGED, Details: details}); err != nil {
				return err
			}
		}
		return nil
	})
}

const (
	// DefaultAuditRetention is how long the audit log is kept unless told otherwise.
	DefaultAuditRetention = 400 * 24 * time.Hour
	// retainEvery is how often audit events that are too old are looked for.
	retainEvery = time.Hour
)

// auditKeeper deletes audit events after their retention.
type auditKeeper struct {
	log       *eventlog.Log
	logger    *slog.Logger
	retention time.Duration
}

func (k auditKeeper) run(ctx context.Context) error {
	if k.retention == 0 {
		return nil
	}
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		deleted, err := store.DeleteOldAuditEvents(ctx, k.log, k.retention)
		switch {
		case err != nil && ctx.Err() == nil && k.logger != nil:
			k.logger.Warn("old audit events could not be deleted", "error", err)
		case err == nil && deleted > 0:
			continue // there may be more
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
