package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// MinAuditRetention is the least time that the audit log is kept. The database holds to it as well.
const MinAuditRetention = 30 * 24 * time.Hour

// CheckAuditRetention refuses to keep the audit log for less than MinAuditRetention; 0 means for ever.
func CheckAuditRetention(retention time.Duration) error {
	if retention == 0 || retention >= MinAuditRetention {
		return nil
	}
	return fault.Invalid("audit_retention", "AUDIT_RETENTION_TOO_SHORT", "The audit log is kept for 30 days at least; 0 keeps it for ever.")
}

// AuditFloor is the instant before which audit events may be deleted: the retention before the newest event, and never less
// than the retention ago. So a clock that is wrong once does not delete what is young.
func AuditFloor(now, newest time.Time, retention time.Duration) time.Time {
	if newest.Before(now) {
		now = newest
	}
	return now.Add(-retention)
}

// Setting is a setting that the program was started with.
type Setting struct {
	// Name is the setting's, such as FORTNIGHT_HTTP_ADDR.
	Name string
	// Source is where its value comes from.
	Source string
	// Value is empty for a secret.
	Value string
}

// ChangedSettings are the settings that differ, by name, each with where its value came from before and comes from now. It
// tells no value.
func ChangedSettings(before, after []Setting) map[string]string {
	changed, known := map[string]string{}, map[string]Setting{}
	for _, s := range before {
		known[s.Name] = s
	}
	for _, s := range after {
		if old, ok := known[s.Name]; !ok || old != s {
			changed[s.Name] = origin(old.Source) + " -> " + origin(s.Source)
		}
		delete(known, s.Name)
	}
	for name, s := range known {
		changed[name] = origin(s.Source) + " -> " + origin("")
	}
	return changed
}

func origin(source string) string {
	if source == "" {
		return "none"
	}
	return source
}
