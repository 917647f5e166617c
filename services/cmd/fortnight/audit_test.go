package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

type auditLine struct {
	Action, Actor, Resource, Method, Reason, Door, Address, RequestID string
	Details                                                           map[string]string
}

// audited are the audit events that the REST list shows for a query.
func (s *started) audited(t *testing.T, query string) []auditLine {
	t.Helper()
	var list struct{ AuditEvents []auditLine }
	if err := json.Unmarshal([]byte(s.must(t, http.MethodGet, "/v1/auditEvents?"+query, "").Text), &list); err != nil {
		t.Fatal(err)
	}
	return list.AuditEvents
}

// What somebody is refused in one service stands in the audit log of the installation: who, what, from where, through which
// door. The export on the command line shows the same.
func TestTheAuditLogOfTheWholeProgram(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	s.must(t, http.MethodPost, "/v1/users?userId=mina", `{"displayName":"Mina"}`)
	token := s.must(t, http.MethodPost, "/v1/users/mina/tokens", `{"displayName":"t"}`).Body["secret"].(string)
	for range 3 {
		if got := s.call(t, token, http.MethodGet, "/v1/teams/payments/cycles", "", "X-Request-Id", "denied-1"); got.Status != http.StatusForbidden {
			t.Fatalf("the stranger is answered %d %s", got.Status, got.Text)
		}
	}
	note := s.call(t, token, http.MethodPost, "/v1/teams/payments/cycles/one/retrospective/notes", `{"prompt":"PROMPT_HELPED","text":"x"}`, "X-Request-Id", "denied-2")
	if note.Status != http.StatusForbidden {
		t.Fatalf("the note is answered %d %s", note.Status, note.Text)
	}
	var denials []auditLine
	testkit.Eventually(t, "the denials arrive", func() bool {
		denials = s.audited(t, "actions=AUDIT_ACTION_ACCESS_DENIED")
		return len(denials) == 2
	})
	hidden, denied := denials[0], denials[1]
	if denied.Actor != "users/mina" || denied.Resource != "teams/payments" || !strings.HasSuffix(denied.Method, "CycleService/ListCycles") ||
		denied.Reason != "PERMISSION_DENIED" || denied.Door != "AUDIT_DOOR_REST" || denied.Address != "127.0.0.1" || denied.RequestID != "denied-1" {
		t.Errorf("the denial is %+v", denied)
	}
	if hidden.Actor != "" || hidden.Address != "" || hidden.RequestID != "" || !strings.HasSuffix(hidden.Method, "/CreateNote") {
		t.Errorf("the denial that names nobody is %+v", hidden)
	}
	var mina []auditLine // another service's events, on a way of their own
	testkit.Eventually(t, "the deeds about mina arrive", func() bool {
		mina = s.audited(t, "resource=users/mina")
		return len(mina) == 2
	})
	if mina[0].Action != "AUDIT_ACTION_TOKEN_CREATED" || mina[1].Action != "AUDIT_ACTION_USER_CREATED" || mina[0].Actor != "users/root" {
		t.Errorf("about mina there is %+v", mina)
	}

	var out bytes.Buffer
	command := auditExportCommand{Actor: "users/mina", Start: "2020-01-01", Action: []string{"access_denied"}}
	if err := command.export(t.Context(), &restClient{url: s.URL, token: s.Token}, &out); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1 || !json.Valid(out.Bytes()) {
		t.Errorf("exported %s", out.String())
	}
	testkit.Eventually(t, "the export is recorded", func() bool { return len(s.audited(t, "actions=AUDIT_ACTION_EXPORTED")) == 1 })
	for name, other := range map[string]string{"a stranger's": token, "no": "fn_none"} {
		if err := command.export(t.Context(), &restClient{url: s.URL, token: other}, &out); err == nil {
			t.Errorf("%s token may export", name)
		}
	}
	if err := (&auditExportCommand{Start: "yesterday"}).export(t.Context(), &restClient{url: s.URL, token: s.Token}, &out); err == nil || !strings.Contains(err.Error(), "yesterday") {
		t.Errorf("a start of yesterday: %v", err)
	}
	for _, secret := range []string{token, s.Token} {
		if strings.Contains(out.String(), secret) || strings.Contains(s.must(t, http.MethodGet, "/v1/auditEvents?pageSize=1000", "").Text, secret) {
			t.Error("a token is in the audit log")
		}
	}
}

// A start with other settings is recorded by their names and sources; of a secret there is not even a hash.
func TestChangedSettingsAreAudited(t *testing.T) {
	s := start(t)
	started := func(settings ...config.Setting) {
		t.Helper()
		if err := s.recordSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
	}
	addr := config.Setting{Key: "FORTNIGHT_HTTP_ADDR", Value: "127.0.0.1:8080", Source: "default"}
	key := config.Setting{Key: "FORTNIGHT_SERVICE_KEY", Value: "", Source: "default", Secret: true}
	started(addr, key)
	started(addr, key)
	other, set := addr, key
	other.Value, other.Source = "0.0.0.0:80", "environment"
	set.Value, set.Source = "canary-secret", "environment"
	started(other, set)
	var got []auditLine
	testkit.Eventually(t, "the change arrives", func() bool {
		got = s.audited(t, "actions=AUDIT_ACTION_SETTINGS_CHANGED")
		return len(got) > 0
	})
	if len(got) != 1 || len(got[0].Details) != 2 || got[0].Details["FORTNIGHT_HTTP_ADDR"] != "default -> environment" ||
		got[0].Details["FORTNIGHT_SERVICE_KEY"] != "default -> environment" || got[0].Actor != "services/identity" || got[0].Door != "AUDIT_DOOR_PROGRAM" {
		t.Errorf("recorded %+v", got)
	}
}
