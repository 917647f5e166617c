package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestQuery(t *testing.T) {
	w := newWorld(t)
	const list = "/v1/teams/payments/cycles"
	for _, test := range []struct{ name, method, path, reason, field, detail string }{
		{"lowerCamelCase", "GET", list + "?pageSize=5&pageToken=x", "", "", ""},
		{"names of the contract", "GET", list + "?page_size=5", "", "", ""},
		{"unknown", "GET", list + "?pagesize=5", "UNKNOWN_QUERY_PARAMETER", "pagesize", ""},
		{"the first unknown one by name", "GET", list + "?zz=1&aa=2&pageSize=5", "UNKNOWN_QUERY_PARAMETER", "aa", ""},
		{"what the path holds", "GET", list + "?parent=teams/other", "UNKNOWN_QUERY_PARAMETER", "parent", `no query parameter "parent" here.`},
		{"what the body holds", "POST", list + "?cycle.displayName=x", "UNKNOWN_QUERY_PARAMETER", "cycle.displayName", `"displayName" is a field of the body`},
		{"the body itself", "POST", list + "?cycle=x", "UNKNOWN_QUERY_PARAMETER", "cycle", ""},
		{"beside a body that is the whole request", "POST", cyclePath + ":advance?expectedPhase=PHASE_DO", "UNKNOWN_QUERY_PARAMETER", "expectedPhase", ""},
		{"a field of the body", "POST", importPath + "?validateOnly=true", "UNKNOWN_QUERY_PARAMETER", "validateOnly", `"validateOnly" is a field of the body`},
		{"a field of the body under its name in the contract", "POST", importPath + "?validate_only=true", "UNKNOWN_QUERY_PARAMETER", "validate_only", `"validateOnly" is a field of the body`},
		{"map syntax", "GET", list + "?pageSize[x]=5", "UNKNOWN_QUERY_PARAMETER", "pageSize[x]", ""},
		{"no number", "GET", list + "?pageSize=many", "QUERY_PARAMETER_INVALID", "pageSize", "a whole number of 32 bits"},
		{"too large", "GET", list + "?pageSize=99999999999", "QUERY_PARAMETER_INVALID", "pageSize", ""},
		{"not UTF-8", "GET", list + "?pageToken=%ff", "QUERY_PARAMETER_INVALID", "pageToken", ""},
		{"twice", "GET", list + "?pageSize=1&pageSize=2", "QUERY_PARAMETER_REPEATED", "pageSize", ""},
		{"twice under two names", "GET", list + "?pageSize=1&page_size=2", "QUERY_PARAMETER_REPEATED", "page_size", ""},
		{"broken escape", "GET", list + "?pageSize=%zz", "QUERY_MALFORMED", "", ""},
		{"semicolons", "GET", list + "?pageSize=1;x=2", "QUERY_MALFORMED", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := ""
			if test.method == "POST" {
				body = "{}"
			}
			a := w.do(test.method, test.path, body)
			if test.reason == "" {
				a.wantOK(t)
				return
			}
			p := a.wantProblem(t, http.StatusBadRequest, test.reason)
			if test.field != "" && (len(p.Violations) != 1 || p.Violations[0].Field != test.field) {
				t.Errorf("violations %+v, want one of %s", p.Violations, test.field)
			}
			if !strings.Contains(p.Detail, test.detail) || strings.Contains(a.body, "strconv") {
				t.Errorf("detail %q", p.Detail)
			}
		})
	}
}
