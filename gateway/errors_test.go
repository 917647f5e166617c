package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fortnighthq/fortnight/gateway"
)

func TestStatusOfEachError(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.RetryBudget = time.Second })
	for _, test := range []struct {
		code   codes.Code
		reason string
		status int
		name   string
		retry  string
	}{
		{codes.InvalidArgument, "VALIDATION_FAILED", 400, "INVALID_ARGUMENT", ""},
		{codes.FailedPrecondition, "GATE_CRITERIA_UNMET", 400, "FAILED_PRECONDITION", ""},
		{codes.OutOfRange, "X", 400, "OUT_OF_RANGE", ""},
		{codes.Unauthenticated, "UNAUTHENTICATED", 401, "UNAUTHENTICATED", ""},
		{codes.PermissionDenied, "ACCESS_DENIED", 403, "PERMISSION_DENIED", ""},
		{codes.NotFound, "CYCLE_NOT_FOUND", 404, "NOT_FOUND", ""},
		{codes.AlreadyExists, "CYCLE_ALREADY_EXISTS", 409, "ALREADY_EXISTS", ""},
		{codes.Aborted, "CONCURRENT_CHANGE", 409, "ABORTED", ""},
		{codes.Aborted, "ETAG_MISMATCH", 409, "ABORTED", ""},
		{codes.InvalidArgument, "IDEMPOTENCY_KEY_REUSED", 422, "INVALID_ARGUMENT", ""},
		{codes.Unavailable, "REQUEST_RUNNING", 409, "UNAVAILABLE", "1"},
		{codes.FailedPrecondition, "PRECONDITION_REQUIRED", 428, "FAILED_PRECONDITION", ""},
		{codes.ResourceExhausted, "TOO_MUCH", 429, "RESOURCE_EXHAUSTED", "1"},
		{codes.ResourceExhausted, "DISK_FULL", 507, "RESOURCE_EXHAUSTED", ""},
		{codes.Internal, "INTERNAL", 500, "INTERNAL", ""},
		{codes.Unknown, "X", 500, "UNKNOWN", ""},
		{codes.DataLoss, "X", 500, "DATA_LOSS", ""},
		{codes.Unimplemented, "UNIMPLEMENTED", 501, "UNIMPLEMENTED", ""},
		{codes.Unavailable, "DATABASE_BUSY", 503, "UNAVAILABLE", "1"},
		{codes.DeadlineExceeded, "DEADLINE_EXCEEDED", 504, "DEADLINE_EXCEEDED", ""},
	} {
		t.Run(test.code.String()+" "+test.reason, func(t *testing.T) {
			w.cycle.err = fail(test.code, test.reason, "What happened.")
			a := w.do("GET", cyclePath, "", "X-Request-Id", "req-1")
			p := a.wantProblem(t, test.status, test.reason)
			if p.Code != test.name || p.Detail != "What happened." || p.Metadata["key"] != "value" || p.Instance != "urn:fortnight:request:req-1" {
				t.Errorf("%s", a.body)
			}
			if got := a.Header.Get("Retry-After"); got != test.retry {
				t.Errorf("Retry-After = %q, want %q", got, test.retry)
			}
			if !strings.HasPrefix(p.Type, w.url+"/docs/errors/") {
				t.Errorf("type %q", p.Type)
			}
		})
	}
}

func TestRetryAfterIsTheServicesAdvice(t *testing.T) {
	w := newWorld(t)
	w.cycle.err = fail(codes.ResourceExhausted, "TOO_MUCH", "Slow down.", &errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)})
	if got := w.do("GET", cyclePath, "").Header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After = %q, want 2", got)
	}
}

func TestViolationsNameTheFieldsOfTheBody(t *testing.T) {
	bad := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "cycle.current_condition.baseline_value", Reason: "R", Description: "must be set"},
		{Field: "cycle", Description: "must be set"},
		{Field: "page_size", Description: "must be set"},
		{Field: "notes[2].created_by", Description: "must be set"},
	}}
	w := newWorld(t)
	w.cycle.err = fail(codes.InvalidArgument, "VALIDATION_FAILED", "No.", bad)
	p := w.do("PATCH", cyclePath, `{}`).wantProblem(t, http.StatusBadRequest, "VALIDATION_FAILED")
	var fields []string
	for _, v := range p.Violations {
		fields = append(fields, v.Field)
	}
	if got := strings.Join(fields, "|"); got != "currentCondition.baselineValue||pageSize|notes[2].createdBy" {
		t.Errorf("fields %q", got)
	}
	for said, want := range map[string]string{
		"cycle.current_condition.baseline_value must be set": "currentCondition.baselineValue must be set",
		"No.": "No.",
	} {
		w.cycle.err = fail(codes.InvalidArgument, "VALIDATION_FAILED", said, bad)
		if p := w.do("PATCH", cyclePath, `{}`).wantProblem(t, http.StatusBadRequest, "VALIDATION_FAILED"); p.Detail != want {
			t.Errorf("detail %q, want %q", p.Detail, want)
		}
	}
	if p.Violations[0].Reason != "R" || p.Violations[0].Description != "must be set" {
		t.Errorf("%+v", p.Violations[0])
	}
}

// The links of a refused gate come beside the violations, one for each in order; any other number of links is nobody's.
func TestViolationsSayWhereTheyAreMended(t *testing.T) {
	bad := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "challenge"}, {Field: "experiments"}}}
	link := &errdetails.Help_Link{Url: "/v1/teams/payments/challenges"}
	for want, links := range map[string][]*errdetails.Help_Link{
		"/v1/teams/payments/challenges|": {link, {}},
		"|":                              {link},
	} {
		w := newWorld(t)
		w.cycle.err = fail(codes.FailedPrecondition, "GATE_CRITERIA_UNMET", "No.", bad, &errdetails.Help{Links: links})
		p := w.do("POST", cyclePath+":advance", `{}`).wantProblem(t, http.StatusBadRequest, "GATE_CRITERIA_UNMET")
		if got := p.Violations[0].Link + "|" + p.Violations[1].Link; got != want {
			t.Errorf("links %q, want %q", got, want)
		}
	}
}

func TestForeignTextsDoNotLeave(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.RetryBudget = time.Second })
	const secret = "dial tcp 10.0.0.7:5432: SQLITE_BUSY pq: relation cycles"
	foreign, err := status.New(codes.InvalidArgument, secret).WithDetails(
		&errdetails.ErrorInfo{Reason: "SECRET", Domain: "elsewhere", Metadata: map[string]string{"dsn": secret}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "f", Description: secret}}},
		&errdetails.DebugInfo{Detail: secret})
	if err != nil {
		t.Fatal(err)
	}
	errs := []error{errors.New(secret), foreign.Err()}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		errs = append(errs, status.Error(code, secret))
	}
	for _, err := range errs {
		w.cycle.err = err
		a := w.do("GET", cyclePath, "")
		if a.problem(t); strings.Contains(a.body, "10.0.0.7") || strings.Contains(a.body, "SECRET") || strings.Contains(a.body, "SQLITE") {
			t.Errorf("%v: %s", err, a.body)
		}
	}
}

func TestRouter(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		method, path string
		status       int
		reason       string
		allow        string
	}{
		{"GET", "/nowhere", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "/v1/", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "/v1", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "/v1/nowhere", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "/v1//teams", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "//v1/teams", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "/docs/errors/lower", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "/docs/../v1/caller", 404, "ROUTE_NOT_FOUND", ""},
		{"POST", cyclePath + ":undo", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", cyclePath + ":undo", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", cyclePath + ":advance", 405, "METHOD_NOT_ALLOWED", "POST"},
		{"GET", "/v1/teams/payments%2Fcycles%2F2026-w24", 404, "ROUTE_NOT_FOUND", ""},
		{"GET", "/v1/teams/payments%2fcycles/2026-w24", 404, "ROUTE_NOT_FOUND", ""},
		{"PUT", cyclePath, 405, "METHOD_NOT_ALLOWED", "GET, HEAD, PATCH"},
		{"DELETE", cyclePath, 405, "METHOD_NOT_ALLOWED", "GET, HEAD, PATCH"},
		{"OPTIONS", "/v1/teams", 405, "METHOD_NOT_ALLOWED", "GET, HEAD, POST"},
		{"PATCH", cyclePath + ":advance", 405, "METHOD_NOT_ALLOWED", "POST"},
		{"POST", "/docs/api", 405, "METHOD_NOT_ALLOWED", "GET, HEAD"},
		{"POST", "/v1/events", 405, "METHOD_NOT_ALLOWED", "GET"},
		{"HEAD", "/v1/events", 405, "", "GET"},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			a := w.do(test.method, test.path, "")
			if test.method == "HEAD" {
				if a.StatusCode != test.status {
					t.Errorf("status %d", a.StatusCode)
				}
			} else {
				a.wantProblem(t, test.status, test.reason)
			}
			if got := a.Header.Get("Allow"); got != test.allow {
				t.Errorf("Allow = %q, want %q", got, test.allow)
			}
			if w.count() != 0 {
				t.Error("the request reached a service")
			}
		})
	}
}

func TestAPanicTellsNothing(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) {
		c.Ready = func(context.Context) error { panic("SELECT secret FROM tokens") }
	})
	a := w.do("GET", "/readyz", "")
	a.wantProblem(t, http.StatusInternalServerError, "INTERNAL")
	if strings.Contains(a.body, "secret") {
		t.Errorf("the panic's text left: %s", a.body)
	}
}
