package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

var someService = callertest.Service("cycle")

// auditEvent is a valid audit event at an instant after the world's begin.
func (w *world) auditEvent(after time.Duration, change func(*commonv1.AuditEvent)) *commonv1.AuditEvent {
	at := w.Clock.Now().Add(after)
	e := &commonv1.AuditEvent{
		AuditEventId: eventlog.NewID(at), OccurTime: timestamppb.New(at), Actor: "users/mina", Action: commonv1.AuditAction_AUDIT_ACTION_ACCESS_DENIED,
		Resource: "teams/payments/cycles/one", Door: commonv1.AuditDoor_AUDIT_DOOR_REST, Address: "192.0.2.7",
	}
	if change != nil {
		change(e)
	}
	return e
}

func (w *world) keep(events ...*commonv1.AuditEvent) {
	w.Helper()
	must(w.RecordAuditEvents(w.As(someService), &identityv1.RecordAuditEventsRequest{AuditEvents: events}))(w.T)
}

func (w *world) listed(req *identityv1.ListAuditEventsRequest) (resources string) {
	w.Helper()
	for _, e := range must(w.ListAuditEvents(w.As(root), req))(w.T).GetAuditEvents() {
		resources += e.GetResource()[strings.LastIndexByte(e.GetResource(), '/')+1:] + " "
	}
	return strings.TrimSpace(resources)
}

func (w *world) exported(ctx context.Context, req *identityv1.ExportAuditEventsRequest) ([]*commonv1.AuditEvent, error) {
	stream, err := w.ExportAuditEvents(ctx, req)
	var events []*commonv1.AuditEvent
	for err == nil {
		var e *commonv1.AuditEvent
		if e, err = stream.Recv(); err == nil {
			events = append(events, e)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return events, err
}

// audited are action, actor, resource and details of what stands in the outbox after the world was made.
func (w *world) audited() (lines []string) {
	w.Helper()
	const before = 6
	for _, e := range testkit.Audited(w.T, w.log)[before:] {
		line := strings.TrimPrefix(e.GetAction().String(), "AUDIT_ACTION_") + " " + e.GetActor() + " " + e.GetResource() + " " + e.GetReason()
		for _, name := range []string{"count", "fields", "roles", "role", "scopes", "visibility"} {
			if value := e.GetDetails()[name]; value != "" {
				line += " " + name + "=" + value
			}
		}
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func TestAuditEventsAreKeptOnceAndListed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.auditEvent(0, func(e *commonv1.AuditEvent) {
			e.Details = map[string]string{"fields": "a,b"}
			e.Method, e.Reason, e.RequestId = "fortnight.cycle.v1.CycleService/GetCycle", "PERMISSION_DENIED", "r1"
		})
		w.keep(one, w.auditEvent(time.Second, func(e *commonv1.AuditEvent) { e.Resource = "teams/payments/cycles/two" }))
		changed := proto.Clone(one).(*commonv1.AuditEvent)
		changed.Resource = "teams/forged"
		w.keep(one, changed, one)
		got := must(w.ListAuditEvents(w.As(root), &identityv1.ListAuditEventsRequest{}))(t).GetAuditEvents()
		if len(got) != 2 || !proto.Equal(got[1], one) {
			t.Fatalf("listed %v, want the newer one and %v", got, one)
		}
	})
}

func TestAuditEventFilters(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		start := w.Clock.Now()
		var events []*commonv1.AuditEvent
		for i, change := range []func(*commonv1.AuditEvent){
			func(e *commonv1.AuditEvent) { e.Resource = "teams/payments" },
			func(e *commonv1.AuditEvent) { e.Resource = "teams/payments-2" },
			func(e *commonv1.AuditEvent) { e.Resource, e.Actor = "teams/payments/members/noor", "users/noor" },
			func(e *commonv1.AuditEvent) {
				e.Resource, e.Action = "teams/payments/tokens/bot", commonv1.AuditAction_AUDIT_ACTION_TOKEN_CREATED
			},
			func(e *commonv1.AuditEvent) { e.Resource, e.Address = "teams/search", "2001:db8::1" },
		} {
			events = append(events, w.auditEvent(time.Duration(i)*time.Second, change))
		}
		w.keep(events...)
		at := func(i int) *timestamppb.Timestamp { return timestamppb.New(start.Add(time.Duration(i) * time.Second)) }
		created, denied := commonv1.AuditAction_AUDIT_ACTION_TOKEN_CREATED, commonv1.AuditAction_AUDIT_ACTION_ACCESS_DENIED
		for name, c := range map[string]struct {
			req  *identityv1.ListAuditEventsRequest
			want string
		}{
			"all, newest first":          {&identityv1.ListAuditEventsRequest{}, "search bot noor payments-2 payments"},
			"a resource and below":       {&identityv1.ListAuditEventsRequest{Resource: "teams/payments"}, "bot noor payments"},
			"an actor":                   {&identityv1.ListAuditEventsRequest{Actor: "users/noor"}, "noor"},
			"one action":                 {&identityv1.ListAuditEventsRequest{Actions: []commonv1.AuditAction{created}}, "bot"},
			"two actions":                {&identityv1.ListAuditEventsRequest{Actions: []commonv1.AuditAction{created, denied}}, "search bot noor payments-2 payments"},
			"an address":                 {&identityv1.ListAuditEventsRequest{Address: "2001:db8::1"}, "search"},
			"from, and before":           {&identityv1.ListAuditEventsRequest{StartTime: at(1), EndTime: at(3)}, "noor payments-2"},
			"everything together":        {&identityv1.ListAuditEventsRequest{StartTime: at(1), EndTime: at(5), Resource: "teams/payments", Actor: "users/mina", Address: "192.0.2.7", Actions: []commonv1.AuditAction{created}}, "bot"},
			"nothing that fits together": {&identityv1.ListAuditEventsRequest{Actor: "users/noor", Address: "2001:db8::1"}, ""},
		} {
			if got := w.listed(c.req); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}

func TestAuditPagesAreBoundToFilterAndPrincipal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for i := range 7 { // two of each instant
			e := w.auditEvent(time.Duration(i/2)*time.Second, func(e *commonv1.AuditEvent) { e.Resource = fmt.Sprintf("teams/payments/%d", i) })
			w.keep(e)
			want = append(want, e.GetResource())
		}
		req := &identityv1.ListAuditEventsRequest{PageSize: 2, Resource: "teams/payments"}
		seen := map[string]bool{}
		var token string
		for pages := 1; ; pages++ {
			answer := must(w.ListAuditEvents(w.As(root), req))(t)
			for _, e := range answer.GetAuditEvents() {
				if seen[e.GetResource()] {
					t.Errorf("%s is on two pages", e.GetResource())
				}
				seen[e.GetResource()] = true
			}
			if req.PageToken = answer.GetNextPageToken(); req.PageToken == "" {
				break
			}
			token = req.PageToken
		}
		if len(seen) != len(want) {
			t.Errorf("saw %v, want %v", seen, want)
		}
		bad := func(c context.Context, change func(*identityv1.ListAuditEventsRequest)) {
			t.Helper()
			r := &identityv1.ListAuditEventsRequest{PageSize: 2, Resource: "teams/payments", PageToken: token}
			if change != nil {
				change(r)
			}
			_, err := w.ListAuditEvents(c, r)
			testkit.Refused(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		}
		bad(w.As(callertest.Admin("other")), nil)
		bad(w.As(root), func(r *identityv1.ListAuditEventsRequest) { r.Resource = "teams/search" })
		bad(w.As(root), func(r *identityv1.ListAuditEventsRequest) { r.Actor = "users/mina" })
		bad(w.As(root), func(r *identityv1.ListAuditEventsRequest) { r.StartTime = timestamppb.New(w.Clock.Now()) })
	})
}

func TestTheExportIsWholeAndRecorded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const n = 1203 // more than two pages
		var batch []*commonv1.AuditEvent
		for i := range n {
			batch = append(batch, w.auditEvent(-time.Hour+time.Duration(i/5)*time.Millisecond, nil))
			if len(batch) == 500 || i == n-1 {
				w.keep(batch...)
				batch = nil
			}
		}
		w.keep(w.auditEvent(time.Hour, nil)) // after the export has begun
		events, err := w.exported(w.As(root), &identityv1.ExportAuditEventsRequest{Actor: "users/mina"})
		if err != nil || len(events) != n {
			t.Fatalf("exported %d events, %v, want %d", len(events), err, n)
		}
		for i := 1; i < n; i++ {
			if a, b := events[i-1], events[i]; a.GetOccurTime().AsTime().After(b.GetOccurTime().AsTime()) || a.GetAuditEventId() == b.GetAuditEventId() {
				t.Fatalf("event %d is out of order", i)
			}
		}
		got := testkit.Audited(t, w.log)
		last := got[len(got)-1]
		if last.GetAction() != commonv1.AuditAction_AUDIT_ACTION_EXPORTED || last.GetActor() != "users/root" || last.GetDetails()["actor"] != "users/mina" {
			t.Errorf("recorded %v", last)
		}
	})
}

func TestWhoMayReadAndWriteTheAuditLog(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]context.Context{"manager": w.As(boss), "coach": w.As(coach), "service": w.As(someService)} {
			_, err := w.ListAuditEvents(c, &identityv1.ListAuditEventsRequest{})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
			if _, err = w.exported(c, &identityv1.ExportAuditEventsRequest{}); err == nil {
				t.Errorf("the %s may export", name)
			}
		}
		_, err := w.ListAuditEvents(w.As(nobody), &identityv1.ListAuditEventsRequest{})
		testkit.Refused(t, err, fault.Unauthenticated, "UNAUTHENTICATED")
		_, err = w.RecordAuditEvents(w.As(root), &identityv1.RecordAuditEventsRequest{AuditEvents: []*commonv1.AuditEvent{w.auditEvent(0, nil)}})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	})
}

// What identity does itself is recorded once each, with roles and scopes, and with no text that somebody wrote.
func TestDeedsAreAudited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		user := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/noor"}))(t)
		user.OrganizationRoles = []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER}
		must(w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{User: user}))(t)
		must(w.CreateMember(w.As(coach), &identityv1.CreateMemberRequest{
			Parent: "teams/payments", Member: &identityv1.Member{User: "users/noor", Role: identityv1.TeamRole_TEAM_ROLE_VIEWER},
		}))(t)
		w.token("users/noor", "mine")
		must(w.RevokeToken(w.As(root), &identityv1.RevokeTokenRequest{Name: "users/noor/tokens/mine"}))(t)
		want := []string{
			"ORGANIZATION_ROLES_CHANGED users/root users/noor roles=MANAGER",
			"MEMBER_ADDED users/mina teams/payments/members/noor role=VIEWER",
			"TOKEN_CREATED users/root users/noor/tokens/mine scopes=write",
			"TOKEN_REVOKED users/root users/noor/tokens/mine fields=revoke_time",
		}
		if got := w.audited(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// A token that is no good leaves an event at once, without the token; its copies of the next minute leave one more.
func TestRefusedTokensAreAudited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const secret = "fn_0123456789012345678901234567890123456789"
		for range 5 {
			_, err := w.signIn(secret)
			testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
		}
		if got := w.audited(); len(got) != 1 || got[0] != "SIGN_IN_REFUSED TOKEN_INVALID" {
			t.Fatalf("recorded %q", got)
		}
		w.Clock.Advance(time.Minute)
		w.Denials.Flush(t.Context(), false)
		if got := w.audited(); len(got) != 2 || got[1] != "SIGN_IN_REFUSED TOKEN_INVALID count=4" {
			t.Fatalf("recorded %q", got)
		}
		for _, e := range testkit.Audited(t, w.log) {
			if strings.Contains(e.String(), secret) {
				t.Errorf("the token is in %v", e)
			}
		}
	})
}

func TestRetention(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const day = 24 * time.Hour
		for i := range 3 {
			w.keep(w.auditEvent(0, func(e *commonv1.AuditEvent) { e.Resource = fmt.Sprintf("teams/%d", i) }))
			w.Clock.Advance(20 * day)
		}
		deleted := must(store.DeleteOldAuditEvents(t.Context(), w.log, 40*day))(t)
		if got := w.listed(&identityv1.ListAuditEventsRequest{}); deleted != 0 || got != "2 1 0" {
			t.Fatalf("deleted %d, left %q: the floor counts from the newest event, not from a clock that may be wrong", deleted, got)
		}
		w.keep(w.auditEvent(0, func(e *commonv1.AuditEvent) { e.Resource = "teams/3" }))
		deleted = must(store.DeleteOldAuditEvents(t.Context(), w.log, 40*day))(t)
		if got := w.listed(&identityv1.ListAuditEventsRequest{}); deleted != 1 || got != "3 2 1" {
			t.Fatalf("deleted %d, left %q", deleted, got)
		}
		if deleted = must(store.DeleteOldAuditEvents(t.Context(), w.log, 40*day))(t); deleted != 0 {
			t.Errorf("deleted %d more", deleted)
		}
	})
}
