package testkit

import (
	"context"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// recorder is a keeper of the audit log in memory. Like the true one it takes each event once.
type recorder struct {
	mu     sync.Mutex
	known  map[string]bool
	events []*commonv1.AuditEvent
}

func (r *recorder) keep(_ context.Context, events []*commonv1.AuditEvent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		if r.known == nil {
			r.known = map[string]bool{}
		}
		if !r.known[e.GetAuditEventId()] {
			r.known[e.GetAuditEventId()] = true
			r.events = append(r.events, e)
		}
	}
	return nil
}

// Audited is what the services under test have handed to the audit log so far, in the order in which it came. It comes a
// little after the deed: ask with Eventually.
func (k *Kit) Audited() []*commonv1.AuditEvent {
	k.audited.mu.Lock()
	defer k.audited.mu.Unlock()
	return append([]*commonv1.AuditEvent(nil), k.audited.events...)
}

// Audited is what stands in the outbox of a log that nothing sends: of one that Kit.Log opened.
func Audited(t testing.TB, log *eventlog.Log) []*commonv1.AuditEvent {
	t.Helper()
	texts, err := db.All[string](t.Context(), log.DB().Read(), "select audit_event from audit_outbox order by row_id")
	if err != nil {
		t.Fatalf("reading the audit events: %v", err)
	}
	events := make([]*commonv1.AuditEvent, len(texts))
	for i, text := range texts {
		events[i] = &commonv1.AuditEvent{}
		if err := protojson.Unmarshal([]byte(text), events[i]); err != nil {
			t.Fatalf("an audit event cannot be read: %v", err)
		}
	}
	return events
}
