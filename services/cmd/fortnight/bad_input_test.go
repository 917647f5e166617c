package main

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever is sent, the answer is a 4xx with a stable reason and, where one is at fault, the field; and nothing is written.
func TestBadInput(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	s.must(t, http.MethodPost, "/v1/teams?teamId=mobile", `{"displayName":"Mobile"}`)
	obstacle := s.must(t, http.MethodPost, "/v1/teams/payments/obstacles?obstacleId=queue", `{"description":"the queue"}`)
	s.must(t, http.MethodPost, "/v1/teams/payments/cycles?cycleId=first", `{}`)
	s.must(t, http.MethodPost, "/v1/teams/payments/metrics?metricId=wait", `{"displayName":"Wait","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`)
	outsider := s.member(t, "aiko", "mobile", "TEAM_ROLE_MEMBER")
	viewer := s.member(t, "vera", "payments", "TEAM_ROLE_VIEWER")
	const obstacles, first = "/v1/teams/payments/obstacles", "/v1/teams/payments/cycles/first"
	good := `{"description":"x"}`

	tests := []struct {
		name, token, method, path, body string
		headers                         []string
		status                          int
		reason, field                   string
	}{
		{"wrong type", s.Token, "POST", obstacles, `{"description":7}`, nil, 400, "", ""},
		{"unknown field", s.Token, "POST", obstacles, `{"describe":"x"}`, nil, 400, "", ""},
		{"no JSON", s.Token, "POST", obstacles, `{`, nil, 400, "", ""},
		{"a list", s.Token, "POST", obstacles, `[]`, nil, 400, "", ""},
		{"missing field", s.Token, "POST", obstacles, `{}`, nil, 400, "VALIDATION_FAILED", "description"},
		{"too long", s.Token, "POST", obstacles, `{"description":"` + strings.Repeat("x", 501) + `"}`, nil, 400, "VALIDATION_FAILED", "description"},
		{"2 MiB", s.Token, "POST", obstacles, `{"description":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, "", ""},
		{"bad id", s.Token, "POST", obstacles + "?obstacleId=Not%20good", good, nil, 400, "VALIDATION_FAILED", "obstacleId"},
		{"bad name", s.Token, "GET", "/v1/teams/Payments!/obstacles", "", nil, 400, "", "parent"},
		{"unknown query parameter", s.Token, "GET", obstacles + "?pagesize=3", "", nil, 400, "", ""},
		{"negative page size", s.Token, "GET", obstacles + "?pageSize=-1", "", nil, 400, "VALIDATION_FAILED", "pageSize"},
		{"bad page token", s.Token, "GET", obstacles + "?pageToken=nonsense", "", nil, 400, "PAGE_TOKEN_INVALID", "pageToken"},
		{"bad enum", s.Token, "POST", "/v1/teams/payments/metrics", `{"displayName":"x","direction":"UP","kind":"METRIC_KIND_PROCESS"}`, nil, 400, "", ""},
		{"bad day", s.Token, "POST", "/v1/teams/payments/challenges", `{"statement":"x","horizonDate":"2027-02-30"}`, nil, 400, "DAY_INVALID", "horizonDate"},
		{"no such route", s.Token, "GET", "/v1/nothing", "", nil, 404, "", ""},
		{"no such method", s.Token, "PUT", obstacles, good, nil, 405, "", ""},
		{"not found", s.Token, "GET", obstacles + "/none", "", nil, 404, "OBSTACLE_NOT_FOUND", ""},
		{"exists", s.Token, "POST", obstacles + "?obstacleId=queue", good, nil, 409, "OBSTACLE_ALREADY_EXISTS", ""},
		{"stale If-Match", s.Token, "POST", obstacles + "/queue:makeCurrent", `{}`, []string{"If-Match", `"00000000-1"`}, 412, "ETAG_MISMATCH", ""},
		{"stale etag in the body", s.Token, "POST", obstacles + "/queue:makeCurrent", `{"etag":"\"00000000-1\""}`, nil, 409, "ETAG_MISMATCH", ""},
		{"no precondition", s.Token, "POST", first + ":advance", `{}`, nil, 428, "PRECONDITION_REQUIRED", ""},
		{"shut gate", s.Token, "POST", first + ":advance", `{"phase":"PHASE_PLAN"}`, nil, 400, "GATE_CRITERIA_UNMET", "challenge"},
		{"form", s.Token, "POST", obstacles, "description=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "", ""},
		{"bad CSV", s.Token, "POST", "/v1/teams/payments/metrics/wait:import", "time,value\nnever,1\n2026-01-01T00:00:00Z,NaN\n", []string{"Content-Type", "text/csv"}, 400, "", ""},
		{"bad SQL in a search", s.Token, "GET", "/v1/learnings:search?query=%22%20OR%20%27--%3B%20NEAR(", "", nil, 200, "", ""},
		{"empty search", s.Token, "GET", "/v1/learnings:search", "", nil, 400, "VALIDATION_FAILED", "query"},
		{"empty period", s.Token, "GET", "/v1/reports/learning?from=2026-06-02&to=2026-06-01", "", nil, 400, "PERIOD_EMPTY", "from"},
		{"no token", "", "GET", obstacles, "", nil, 401, "UNAUTHENTICATED", ""},
		{"unknown token", "fn_unknown", "GET", obstacles, "", nil, 401, "", ""},
		{"other team's token", outsider, "GET", obstacles + "/queue", "", nil, 403, "PERMISSION_DENIED", ""},
		{"other team's token, nothing there", outsider, "GET", obstacles + "/none", "", nil, 403, "PERMISSION_DENIED", ""},
		{"other team's token writes", outsider, "POST", obstacles, good, nil, 403, "PERMISSION_DENIED", ""},
		{"a viewer writes", viewer, "POST", obstacles, good, nil, 403, "PERMISSION_DENIED", ""},
		{"a member makes a team", viewer, "POST", "/v1/teams", `{"displayName":"x"}`, nil, 403, "PERMISSION_DENIED", ""},
		{"bad position of the live stream", s.Token, "GET", "/v1/events", "", []string{"Last-Event-ID", "???"}, 400, "", ""},
	}
	recorded := s.heads(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.call(t, test.token, test.method, test.path, test.body, test.headers...)
			if got.Status != test.status {
				t.Fatalf("answered %d, want %d: %s", got.Status, test.status, got.Text)
			}
			if test.status < 400 {
				return
			}
			if kind := got.Header.Get("Content-Type"); kind != "application/problem+json" {
				t.Errorf("content type %q", kind)
			}
			if got.Body["reason"] == "" || got.Body["reason"] == nil || test.reason != "" && got.Body["reason"] != test.reason {
				t.Errorf("reason %v, want %s", got.Body["reason"], test.reason)
			}
			if test.field != "" && !names(got.Body["violations"], test.field) {
				t.Errorf("no violation of %s: %s", test.field, got.Text)
			}
			for _, leak := range []string{"sqlite", "SQL", "pq:", "pgx", "goroutine", "/services/", "event_log"} {
				if strings.Contains(got.Text, leak) {
					t.Errorf("the answer holds %q: %s", leak, got.Text)
				}
			}
		})
	}
	if now := s.heads(t); now != recorded {
		t.Errorf("refused requests recorded events: %s, before %s", now, recorded)
	}
	after := s.must(t, http.MethodGet, obstacles+"/queue", "")
	if after.Body["etag"] != obstacle.Body["etag"] {
		t.Errorf("the obstacle was changed: %s", after.Text)
	}
}

func TestIdempotencyKey(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	const path = "/v1/teams/payments/obstacles"
	key := []string{"Idempotency-Key", `"3f9c"`}
	once := s.call(t, s.Token, http.MethodPost, path, `{"description":"x"}`, key...)
	twice := s.call(t, s.Token, http.MethodPost, path, `{"description":"x"}`, "Idempotency-Key", "3f9c")
	if once.Status != 200 || twice.Status != 200 || once.Text != twice.Text {
		t.Errorf("two answers: %d %s and %d %s", once.Status, once.Text, twice.Status, twice.Text)
	}
	if once.Header.Get("Idempotency-Replayed") != "" || twice.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("replayed: %q, then %q", once.Header.Get("Idempotency-Replayed"), twice.Header.Get("Idempotency-Replayed"))
	}
	if other := s.call(t, s.Token, http.MethodPost, path, `{"description":"y"}`, key...); other.Status != 422 || other.Body["reason"] != "IDEMPOTENCY_KEY_REUSED" {
		t.Errorf("another body: %d %s", other.Status, other.Text)
	}
	somebody := s.member(t, "jonas", "payments", "TEAM_ROLE_MEMBER")
	if theirs := s.call(t, somebody, http.MethodPost, path, `{"description":"x"}`, key...); theirs.Status != 200 || theirs.Body["name"] == once.Body["name"] {
		t.Errorf("another caller's request was answered with the first one's: %d %s", theirs.Status, theirs.Text)
	}
	list := s.must(t, http.MethodGet, path, "")
	if got := len(list.Body["obstacles"].([]any)); got != 2 {
		t.Errorf("%d obstacles, want 2", got)
	}
}

// heads tells where every service's log ends, except of those that follow others.
func (s *started) heads(t *testing.T) string {
	t.Helper()
	var heads strings.Builder
	for _, service := range s.services {
		log := service.EventLog()
		if source := log.Source(); source == "notification" || source == "knowledge" {
			continue
		}
		head, err := log.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		heads.WriteString(log.Source() + " " + head.Chain + "\n")
	}
	return heads.String()
}

// names tells whether one of the violations is of the field.
func names(violations any, field string) bool {
	list, _ := violations.([]any)
	for _, violation := range list {
		if violation.(map[string]any)["field"] == field {
			return true
		}
	}
	return false
}

// A resource can be changed in part, and can be sent back as it was read.
func TestPatch(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	s.must(t, http.MethodPost, "/v1/teams/payments/cycles?cycleId=first", `{}`)
	const path = "/v1/teams/payments/cycles/first"
	once := s.call(t, s.Token, http.MethodPatch, path, `{"valueStreamFocus":{"step":"Review","constraint":true}}`)
	if focus, _ := once.Body["valueStreamFocus"].(map[string]any); once.Status != 200 || focus["step"] != "Review" || focus["constraint"] != true {
		t.Fatalf("a part: %d %s", once.Status, once.Text)
	}
	read := s.must(t, http.MethodGet, path, "")
	back := s.call(t, s.Token, http.MethodPatch, path, strings.Replace(read.Text, `"displayName":""`, `"displayName":"Reviews"`, 1))
	if back.Status != 200 || back.Body["displayName"] != "Reviews" {
		t.Errorf("sent back as it was read: %d %s", back.Status, back.Text)
	}
	if stale := s.call(t, s.Token, http.MethodPatch, path, `{"displayName":"late"}`, "If-Match", read.Header.Get("ETag")); stale.Status != 412 {
		t.Errorf("stale: %d %s", stale.Status, stale.Text)
	}
	if empty := s.call(t, s.Token, http.MethodPatch, "/v1/teams/payments", `{"timeZone":"Europe/Berlin"}`); empty.Status != 200 || empty.Body["displayName"] != "Payments" {
		t.Errorf("a team in part: %d %s", empty.Status, empty.Text)
	}
}
