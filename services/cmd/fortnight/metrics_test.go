package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

func TestMetricsTellHowEventsFlow(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	var text string
	for deadline := time.Now().Add(10 * time.Second); ; {
		answer := httptest.NewRecorder()
		telemetry.AdminHandler(s.metrics).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
		text = answer.Body.String()
		if strings.Contains(text, `fortnight_events_applied_total{service="report",source="identity"} 3`) || time.Now().After(deadline) {
			break
		}
	}
	for _, want := range []string{
		`fortnight_events_applied_total{service="report",source="identity"} `, `fortnight_relay_lag_events{service="cycle"} 0`,
		`fortnight_consumer_lag_events{service="knowledge",source="experiment"} 0`, `fortnight_database_wal_bytes{service="identity"} `,
		`fortnight_due_names{service="knowledge",task="offer learning"} 0`,
		`fortnight_events_quarantined_total{service="notification",source="identity"} 0`, `fortnight_rpc_server_call_duration_seconds`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "payments") || strings.Contains(text, "root") {
		t.Error("a metric names a team or a user")
	}
}
