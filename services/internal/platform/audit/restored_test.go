package audit_test

import (
	"testing"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestARestoreIsRecordedOnce(t *testing.T) {
	each(t, func(t *testing.T, k *testkit.Kit, l *eventlog.Log) {
		start := func(l *eventlog.Log) {
			t.Helper()
			if err := audit.NoteEpoch(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		start(l)
		start(l)
		if got := testkit.Audited(t, l); len(got) != 0 {
			t.Fatalf("starts without a restore recorded %v", got)
		}
		before := l.Epoch()
		if _, err := eventlog.Renew(t.Context(), l.DB()); err != nil {
			t.Fatal(err)
		}
		restored, err := eventlog.Open(t.Context(), l.DB(), l.Source(), nil, eventlog.WithClock(k.Clock.Now))
		if err != nil {
			t.Fatal(err)
		}
		start(restored)
		start(restored)
		got := testkit.Audited(t, restored)
		if len(got) != 1 || got[0].GetAction() != commonv1.AuditAction_AUDIT_ACTION_RESTORED || got[0].GetResource() != "services/cycle" ||
			got[0].GetDetails()["epoch_before"] != before || got[0].GetDetails()["epoch"] != restored.Epoch() {
			t.Errorf("recorded %v", got)
		}
	})
}
