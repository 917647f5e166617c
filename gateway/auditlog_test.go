package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// fakeAudit is how identity exports in these tests.
type fakeAudit struct {
	send   func(stream grpc.ServerStreamingServer[commonv1.AuditEvent]) error
	asked  atomic.Pointer[identityv1.ExportAuditEventsRequest]
	listed atomic.Int64
}

func (f *fakeIdentity) ExportAuditEvents(req *identityv1.ExportAuditEventsRequest, stream grpc.ServerStreamingServer[commonv1.AuditEvent]) error {
	f.audit.asked.Store(req)
	return f.audit.send(stream)
}

func (f *fakeIdentity) ListAuditEvents(context.Context, *identityv1.ListAuditEventsRequest) (*identityv1.ListAuditEventsResponse, error) {
	f.audit.listed.Add(1)
	return &identityv1.ListAuditEventsResponse{}, nil
}

const exportPath = "/v1/auditEvents:export"

func auditEvent(i int) *commonv1.AuditEvent {
	return &commonv1.AuditEvent{
		AuditEventId: fmt.Sprintf("01979e00-0000-7000-8000-%012d", i), OccurTime: timestamppb.New(time.Date(2026, 6, 8, 9, 0, i, 0, time.UTC)),
		Action: commonv1.AuditAction_AUDIT_ACTION_ACCESS_DENIED, Actor: "users/mina", Resource: "teams/a\n{\"forged\":true}", Reason: "PERMISSION_DENIED",
	}
}

func sendEvents(n int, end error) func(grpc.ServerStreamingServer[commonv1.AuditEvent]) error {
	return func(stream grpc.ServerStreamingServer[commonv1.AuditEvent]) error {
		for i := range n {
			if err := stream.Send(auditEvent(i)); err != nil {
				return err
			}
		}
		return end
	}
}

func TestTheAuditExportIsOneObjectPerLine(t *testing.T) {
	w := newWorld(t)
	w.identity.audit.send = sendEvents(3, nil)
	got := w.do("GET", exportPath, "")
	got.wantOK(t)
	if got.Header.Get("Content-Type") != "application/x-ndjson" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("headers %v", got.Header)
	}
	lines := strings.Split(strings.TrimSuffix(got.body, "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines: %s", len(lines), got.body)
	}
	for _, line := range lines {
		var object struct {
			AuditEventID string `json:"auditEventId"`
			Action       string `json:"action"`
			Resource     string `json:"resource"`
		}
		if err := json.Unmarshal([]byte(line), &object); err != nil || object.Action != "AUDIT_ACTION_ACCESS_DENIED" || !strings.Contains(object.Resource, "\n") {
			t.Errorf("%v: %s", err, line)
		}
	}
}

func TestAnEmptyAuditExport(t *testing.T) {
	w := newWorld(t)
	w.identity.audit.send = sendEvents(0, nil)
	if got := w.do("GET", exportPath, ""); got.StatusCode != http.StatusOK || got.body != "" {
		t.Errorf("%d %q", got.StatusCode, got.body)
	}
}

func TestTheAuditExportsFilter(t *testing.T) {
	w := newWorld(t)
	w.identity.audit.send = sendEvents(0, nil)
	w.do("GET", exportPath+"?actor=users/mina&actions=AUDIT_ACTION_SIGNED_IN&actions=AUDIT_ACTION_EXPORTED&resource=teams/a&address=192.0.2.7"+
		"&startTime=2026-06-08T09:00:00Z&end_time=2026-06-09T09:00:00Z", "").wantOK(t)
	want := &identityv1.ExportAuditEventsRequest{
		Actor: "users/mina", Actions: []commonv1.AuditAction{commonv1.AuditAction_AUDIT_ACTION_SIGNED_IN, commonv1.AuditAction_AUDIT_ACTION_EXPORTED},
		Resource: "teams/a", Address: "192.0.2.7", StartTime: timestamppb.New(time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)),
		EndTime: timestamppb.New(time.Date(2026, 6, 9, 9, 0, 0, 0, time.UTC)),
	}
	if got := w.identity.audit.asked.Load(); !proto.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	for query, reason := range map[string]string{
		"?actr=users/mina":         "UNKNOWN_QUERY_PARAMETER",
		"?pageSize=1":              "UNKNOWN_QUERY_PARAMETER",
		"?actor=a&actor=b":         "QUERY_PARAMETER_REPEATED",
		"?startTime=a&start_time=": "QUERY_PARAMETER_INVALID",
		"?startTime=yesterday":     "QUERY_PARAMETER_INVALID",
		"?actions=SIGNED":          "QUERY_PARAMETER_INVALID",
		"?actor=%ff":               "QUERY_PARAMETER_INVALID",
		"?actor=%zz":               "QUERY_MALFORMED",
	} {
		w.do("GET", exportPath+query, "").wantProblem(t, http.StatusBadRequest, reason)
	}
}

func TestWhoMayNotExport(t *testing.T) {
	w := newWorld(t)
	w.identity.audit.send = sendEvents(0, fail(codes.PermissionDenied, "PERMISSION_DENIED", "You may not do this."))
	w.do("GET", exportPath, "").wantProblem(t, http.StatusForbidden, "PERMISSION_DENIED")
	w.do("GET", exportPath, "", "Authorization", "Bearer fn_unknown").wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	w.identity.audit.send = sendEvents(0, fail(codes.Unauthenticated, "UNAUTHENTICATED", "Sign in first."))
	w.do("GET", exportPath, "", "Authorization", "").wantProblem(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	if got := w.do("POST", exportPath, ""); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
}

// HEAD asks whether there is something to have, and is no export.
func TestTheHeadOfAnAuditExport(t *testing.T) {
	w := newWorld(t)
	if got := w.do("HEAD", exportPath, ""); got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	if w.identity.audit.asked.Load() != nil || w.identity.audit.listed.Load() != 1 {
		t.Error("HEAD exports")
	}
}

// An export that breaks off never looks whole, however much of it was sent.
func TestABrokenAuditExportIsAborted(t *testing.T) {
	for _, n := range []int{1, 5000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t)
			w.identity.audit.send = sendEvents(n, fail(codes.Unavailable, "DATABASE_UNAVAILABLE", "Not now."))
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+exportPath, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+minaToken)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return // not even the head was sent
			}
			defer func() { _ = response.Body.Close() }()
			if _, err := io.Copy(io.Discard, response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("reading ended with %v", err)
			}
		})
	}
}

// The gateway holds no more than the network takes: while the client does not read, identity does not get on.
func TestASlowClientSlowsTheAuditExport(t *testing.T) {
	w := newWorld(t)
	const most = 200_000
	var sent atomic.Int64
	w.identity.audit.send = func(stream grpc.ServerStreamingServer[commonv1.AuditEvent]) error {
		for i := range most {
			if err := stream.Send(auditEvent(i % 60)); err != nil {
				return err
			}
			sent.Add(1)
		}
		return nil
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+exportPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+minaToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	stands, still := int64(0), 0
	until(t, func() bool { // nobody reads: sooner or later nothing moves any more
		if now := sent.Load(); now != stands || now == 0 {
			stands, still = now, 0
		}
		still++
		return still == 300
	})
	if stands >= most {
		t.Fatalf("all %d events were taken without a reader", stands)
	}
	lines := 0
	for scanner := bufio.NewScanner(response.Body); scanner.Scan(); lines++ {
	}
	if lines != most {
		t.Errorf("read %d lines, want %d", lines, most)
	}
}

// Exports are few at a time, and one that ends makes room.
func TestAuditExportsAreBounded(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	var running atomic.Int64
	w.identity.audit.send = func(grpc.ServerStreamingServer[commonv1.AuditEvent]) error {
		running.Add(1)
		<-release
		return nil
	}
	ended := make(chan int, 4)
	for range 4 {
		go func() { ended <- w.do("GET", exportPath, "").StatusCode }()
	}
	until(t, func() bool { return running.Load() == 4 })
	got := w.do("GET", exportPath, "")
	got.wantProblem(t, http.StatusTooManyRequests, "TOO_MANY_EXPORTS")
	if got.Header.Get("Retry-After") != "5" {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
	close(release)
	for range 4 {
		if code := <-ended; code != http.StatusOK {
			t.Errorf("answered %d", code)
		}
	}
	w.do("GET", exportPath, "").wantOK(t)
}
