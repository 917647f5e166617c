package gateway_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/gateway"
)

const experiments = "/v1/teams/payments/cycles/2026-w24/experiments"

func TestBodiesThatCannotBeRead(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, method, path, body, contentType string
		status                                int
		reason, field, detail                 string
	}{
		{"unknown field", "POST", experiments, `{"titel":"x"}`, "", 400, "UNKNOWN_FIELD", "titel", "line 1, column 2"},
		{"unknown field below", "POST", experiments, "{\"prediction\":\n {\"expectedVaule\":4}}", "", 400, "UNKNOWN_FIELD", "prediction.expectedVaule", "line 2, column 3"},
		{"unknown field in a list", "POST", "/v1/teams/payments/metrics/m:import", `{"measurements":[{"value":1},{"valeu":2}]}`, "", 400, "UNKNOWN_FIELD", "measurements[1].valeu", ""},
		{"a field twice", "POST", experiments, `{"prediction":{}, "prediction":{}}`, "", 400, "DUPLICATE_FIELD", "prediction", ""},
		{"text for a number", "POST", experiments, `{"prediction":{"expectedValue":"much"}}`, "", 400, "VALUE_INVALID", "prediction.expectedValue", "must be a number"},
		{"a number for a text", "PATCH", "/v1/teams/payments", `{"displayName":5}`, "", 400, "VALUE_INVALID", "displayName", "must be a string"},
		{"a broken number", "PATCH", "/v1/teams/payments", `{"cycleDays":1.5}`, "", 400, "VALUE_INVALID", "cycleDays", "must be a whole number of 32 bits"},
		{"no such value of an enum", "POST", "/v1/teams/payments/members", `{"user":"users/mina","role":"BOSS"}`, "", 400, "VALUE_INVALID", "role", "TEAM_ROLE_COACH"},
		{"no instant", "POST", "/v1/teams/payments/metrics/m:import", `{"measurements":[{"time":"yesterday"}]}`, "", 400, "VALUE_INVALID", "measurements[0].time", "RFC 3339"},
		{"a text for an object", "POST", experiments, `{"prediction":"x"}`, "", 400, "VALUE_INVALID", "prediction", "must be an object"},
		{"broken JSON", "POST", experiments, "{\"a\":\n  nonsense}", "", 400, "JSON_INVALID", "", "line 2, column 4"},
		{"half of it", "POST", experiments, `{"a":1`, "", 400, "JSON_INVALID", "", "line 1"},
		{"something behind it", "POST", experiments, `{} {}`, "", 400, "JSON_INVALID", "", "line 1, column 4"},
		{"a list", "POST", experiments, `[]`, "", 400, "JSON_NOT_OBJECT", "", ""},
		{"null", "POST", experiments, `null`, "", 400, "JSON_NOT_OBJECT", "", ""},
		{"not UTF-8", "POST", experiments, "{\"a\":\"\xff\"}", "", 400, "BODY_NOT_UTF8", "", ""},
		{"a text for a list", "POST", "/v1/learnings", `{"tags":"review"}`, "", 400, "VALUE_INVALID", "tags", "a list, of which each entry is a string"},
		{"half a surrogate", "POST", experiments, `{"prediction":{"change":"\ud800 alone"}}`, "", 400, "VALUE_INVALID", "prediction.change", ""},
		{"half a surrogate at the end", "POST", experiments, `{"prediction":{"change":"\ud800"}}`, "", 400, "REQUEST_UNREADABLE", "", ""},
		{"deeply nested", "POST", experiments, strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000), "", 400, "JSON_INVALID", "", ""},
		{"a form", "POST", experiments, "a=b", "application/x-www-form-urlencoded", 415, "MEDIA_TYPE_UNSUPPORTED", "", "application/json"},
		{"a form with a file", "POST", experiments, "--x--", "multipart/form-data; boundary=x", 415, "MEDIA_TYPE_UNSUPPORTED", "", ""},
		{"plain text", "POST", experiments, "{}", "text/plain", 415, "MEDIA_TYPE_UNSUPPORTED", "", ""},
		{"no type", "POST", experiments, "{}", "-", 415, "MEDIA_TYPE_UNSUPPORTED", "", ""},
		{"another charset", "POST", experiments, "{}", "application/json; charset=latin1", 415, "MEDIA_TYPE_UNSUPPORTED", "", ""},
		{"CSV where none is taken", "POST", experiments, "a,b", "text/csv", 415, "MEDIA_TYPE_UNSUPPORTED", "", ""},
		{"a body where none is read", "DELETE", "/v1/teams/payments/members/mina", `{"etag":"x"}`, "", 400, "BODY_NOT_ALLOWED", "", ""},
		{"a body to a GET", "GET", cyclePath, `{}`, "", 400, "BODY_NOT_ALLOWED", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			contentType := test.contentType
			switch contentType {
			case "":
				contentType = "application/json"
			case "-":
				contentType = ""
			}
			a := w.do(test.method, test.path, test.body, "Content-Type", contentType)
			p := a.wantProblem(t, test.status, test.reason)
			if !strings.Contains(p.Detail, test.detail) {
				t.Errorf("detail %q lacks %q", p.Detail, test.detail)
			}
			if test.field != "" && (len(p.Violations) != 1 || p.Violations[0].Field != test.field) {
				t.Errorf("violations %+v, want one of %s", p.Violations, test.field)
			}
			if strings.Contains(a.body, "proto") || strings.Contains(a.body, "strconv") {
				t.Errorf("a library's text left: %s", a.body)
			}
			if w.count() != 0 {
				t.Error("the request reached a service")
			}
		})
	}
}

func TestBodiesThatAreTaken(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, method, path, body, contentType string }{
		{"nothing at all", "POST", cyclePath + ":advance", "", ""},
		{"nothing, said to be JSON", "DELETE", "/v1/teams/payments/members/mina", "", "application/json"},
		{"white space", "POST", cyclePath + ":advance", " \n", "application/json"},
		{"JSON with a charset", "POST", cyclePath + ":advance", "{}", "Application/JSON; charset=UTF-8"},
		{"names of the contract", "PATCH", "/v1/teams/payments", `{"display_name":"x"}`, "application/json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.do(test.method, test.path, test.body, "Content-Type", test.contentType).wantOK(t)
		})
	}
}

func TestBodySize(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.MaxBodyBytes = 100 })
	fits := `{"displayName":"` + strings.Repeat("x", 100-len(`{"displayName":""}`)) + `"}`
	w.do("PATCH", "/v1/teams/payments", fits).wantOK(t)
	w.do("PATCH", "/v1/teams/payments", fits+" ").wantProblem(t, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")

	// Without a length known before, the body is cut off while it is read.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, w.url+"/v1/teams/payments", io.MultiReader(strings.NewReader(fits), bytes.NewReader(make([]byte, 1000))))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestCompressedBodiesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.do("PATCH", "/v1/teams/payments", "{}", "Content-Encoding", "gzip").wantProblem(t, http.StatusUnsupportedMediaType, "CONTENT_ENCODING_UNSUPPORTED")
	w.do("PATCH", "/v1/teams/payments", "{}", "Content-Encoding", "identity").wantOK(t)
}
