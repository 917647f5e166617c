package rpcserver_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

func TestFaultsSurviveTheWire(t *testing.T) {
	var answer error
	failing := func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
		return nil, answer
	}
	each(t, rpcserver.Config{}, boxes(failing), func(t *testing.T, h *harness) {
		conn := rpcserver.Asking(h.conn)
		for kind, code := range map[fault.Kind]codes.Code{
			fault.InvalidArgument: codes.InvalidArgument, fault.FailedPrecondition: codes.FailedPrecondition, fault.Unauthenticated: codes.Unauthenticated,
			fault.PermissionDenied: codes.PermissionDenied, fault.NotFound: codes.NotFound, fault.AlreadyExists: codes.AlreadyExists,
			fault.Aborted: codes.Aborted, fault.ResourceExhausted: codes.ResourceExhausted, fault.Unavailable: codes.Unavailable,
		} {
			want := fault.New(kind, "SOME_REASON", "Some message, 95 %.").With("current_etag", `"1"`)
			want.Violations = []fault.Violation{
				{Field: "box.title", Reason: "A", Description: "a"}, {Field: "b", Reason: "B", Description: "b", Link: "/v1/boxes/b"}, {Field: "c", Reason: "C", Description: "c"},
			}
			answer = fmt.Errorf("wrapped: %w", want)
			for _, method := range []string{"Peek", "WatchBoxes"} {
				_, err := call(h.as(everybody["coach"]), conn, method, rpctest.Request(method, requests[method]))
				got := fault.From(err)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%v over %s: got %+v", kind, method, got)
				}
				if status.Code(err) != code {
					t.Errorf("%v over %s: code %v", kind, method, status.Code(err))
				}
			}
		}
	})
}

func TestAskedFaultsPassThrough(t *testing.T) {
	// One service asks another and returns what came back: the first caller sees the fault of the last.
	deep := start(t, rpcserver.Config{}, boxes(func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
		return nil, fault.New(fault.NotFound, "BOX_NOT_FOUND", "There is no box.")
	}), true)
	for name, conn := range map[string]grpc.ClientConnInterface{"asking": rpcserver.Asking(deep.conn), "plain": deep.conn} {
		t.Run(name, func(t *testing.T) {
			each(t, rpcserver.Config{}, boxes(func(ctx context.Context, method string, request proto.Message, _ grpc.ServerStream) (proto.Message, error) {
				_, err := call(ctx, conn, method, request)
				return nil, err
			}), func(t *testing.T, h *harness) {
				_, err := h.call(context.Background(), "Peek", "{}")
				if status.Code(err) != codes.NotFound || reasonOf(t, err) != "BOX_NOT_FOUND" {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestForeignErrorsSayNothing(t *testing.T) {
	const canary = "pq: relation canary"
	for name, c := range map[string]struct {
		err    error
		code   codes.Code
		reason string
	}{
		"any error":                   {errors.New(canary), codes.Internal, "INTERNAL"},
		"a fault with a cause":        {fault.New(fault.NotFound, "X_NOT_FOUND", "No x.").Because(errors.New(canary)), codes.NotFound, "X_NOT_FOUND"},
		"a raw status":                {status.Error(codes.Unavailable, canary), codes.Unavailable, "UNAVAILABLE"},
		"a raw unknown status":        {status.Error(codes.DataLoss, canary), codes.Internal, "INTERNAL"},
		"not implemented":             {status.Error(codes.Unimplemented, canary), codes.Unimplemented, "UNIMPLEMENTED"},
		"time is up":                  {fmt.Errorf(canary+": %w", context.DeadlineExceeded), codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		"cancelled":                   {fmt.Errorf(canary+": %w", context.Canceled), codes.Canceled, "CANCELED"},
		"time is up in the database":  {fault.From(fmt.Errorf(canary+": %w", context.DeadlineExceeded)), codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		"a fault that outranks it":    {fault.New(fault.Aborted, "RACE", "Lost.").Because(context.Canceled), codes.Aborted, "RACE"},
		"a reason that looks like it": {fault.New(fault.FailedPrecondition, "CANCELED", "It was cancelled."), codes.FailedPrecondition, "CANCELED"},
		"a kind that does not exist":  {fault.New(fault.Kind(200), "ODD", "Odd."), codes.Internal, "ODD"},
	} {
		t.Run(name, func(t *testing.T) {
			st := rpcserver.ToStatus(c.err)
			if st.Code() != c.code || reasonOf(t, st.Err()) != c.reason {
				t.Errorf("got %v", st)
			}
			if strings.Contains(st.String()+fmt.Sprint(st.Details()), "canary") {
				t.Errorf("the cause is told: %v", st)
			}
			back := rpcserver.FromStatus(st.Err())
			if again := rpcserver.ToStatus(back); again.Code() != c.code || reasonOf(t, again.Err()) != c.reason {
				t.Errorf("a second hop makes it %v", again)
			}
		})
	}
	if rpcserver.ToStatus(nil).Code() != codes.OK || rpcserver.FromStatus(nil) != nil {
		t.Error("no error became one")
	}
}

// Help belongs to the violations only when there is one link for each.
func TestLinksGoWithTheirViolations(t *testing.T) {
	violation := fault.Violation{Field: "a", Reason: "A", Description: "a"}
	if details := rpcserver.ToStatus(fault.Unmet("UNMET", "no", violation)).Details(); len(details) != 2 {
		t.Errorf("without a link the details are %v", details)
	}
	violation.Link = "/v1/boxes/a\xff"
	st := rpcserver.ToStatus(fault.Unmet("UNMET", "no", violation))
	if f := rpcserver.FromStatus(st.Err()); f.Violations[0].Link != "/v1/boxes/a\uFFFD" {
		t.Errorf("the link became %q", f.Violations[0].Link)
	}
	help := &errdetails.Help{Links: []*errdetails.Help_Link{{Url: "https://example.org"}}}
	other, err := rpcserver.ToStatus(fault.Unmet("UNMET", "no", fault.Violation{Field: "a"}, fault.Violation{Field: "b"})).WithDetails(help)
	if err != nil {
		t.Fatal(err)
	}
	if f := rpcserver.FromStatus(other.Err()); f.Violations[0].Link != "" || f.Violations[1].Link != "" {
		t.Errorf("a link that is nobody's went to %+v", f.Violations)
	}
}

func TestTextThatIsNoUTF8IsMended(t *testing.T) {
	st := rpcserver.ToStatus(fault.Invalid("a\xff", "R\xff", "bad \xff").With("k\xff", "v\xff"))
	info, bad := details(t, st.Err())
	if st.Message() != "bad \uFFFD" || info.GetReason() != "R\uFFFD" || info.GetMetadata()["k\uFFFD"] != "v\uFFFD" || bad.GetFieldViolations()[0].GetField() != "a\uFFFD" {
		t.Errorf("got %v %v", info, bad)
	}
}

func TestInternalErrorsHaveAnIDThatTheLogKnows(t *testing.T) {
	shared := fault.New(fault.Internal, "INTERNAL", "Broken.").Because(errors.New("canary cause"))
	for name, c := range map[string]struct {
		handler rpctest.Handler
		logged  string
		stack   bool
	}{
		"error": {func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
			return nil, errors.New("canary cause")
		}, "canary cause", false},
		"shared fault": {func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
			return nil, shared
		}, "canary cause", false},
		"panic": {func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
			panic("canary cause")
		}, "panic: canary cause", true},
		"panic in depth": {func(_ context.Context, method string, _ proto.Message, _ grpc.ServerStream) (proto.Message, error) {
			return nil, fmt.Errorf("never said: %d", make([]int, 1)[len(method)])
		}, "panic: runtime error: index out of range", true},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, rpcserver.Config{}, boxes(c.handler), func(t *testing.T, h *harness) {
				ids := map[string]bool{}
				for _, method := range []string{"Peek", "Peek", "WatchBoxes"} {
					_, err := h.call(h.as(everybody["coach"]), method, requests[method])
					if status.Code(err) != codes.Internal || strings.Contains(fmt.Sprint(err, status.Convert(err).Details()), "canary") {
						t.Fatalf("%s: %v", method, err)
					}
					info, _ := details(t, err)
					ids[info.GetMetadata()[rpcserver.ErrorIDKey]] = true
				}
				if len(ids) != 3 || ids[""] {
					t.Errorf("three failures have the ids %v", ids)
				}
				lines := h.log.lines(t)
				if len(lines) != 3 {
					t.Fatalf("%d lines", len(lines))
				}
				for _, line := range lines {
					id, _ := line[rpcserver.ErrorIDKey].(string)
					if !ids[id] || line["level"] != "ERROR" || !strings.HasPrefix(fmt.Sprint(line["error"]), c.logged) {
						t.Errorf("logged %v", line)
					}
					stack, _ := line["stack"].(string)
					if strings.Contains(stack, "status_test.go") != c.stack {
						t.Errorf("stack: %s", stack)
					}
				}
			})
		})
	}
	if len(shared.Metadata) != 0 {
		t.Errorf("a shared fault was changed: %v", shared.Metadata)
	}
}

func TestErrorIDsSurviveFromTheServiceThatFailed(t *testing.T) {
	deep := start(t, rpcserver.Config{}, boxes(func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
		return nil, errors.New("broken")
	}), true)
	h := start(t, rpcserver.Config{}, boxes(func(ctx context.Context, method string, request proto.Message, _ grpc.ServerStream) (proto.Message, error) {
		_, err := call(ctx, rpcserver.Asking(deep.conn), method, request)
		return nil, err
	}), true)
	_, err := h.call(context.Background(), "Peek", "{}")
	info, _ := details(t, err)
	if id := deep.log.lines(t)[0][rpcserver.ErrorIDKey]; id == nil || info.GetMetadata()[rpcserver.ErrorIDKey] != id {
		t.Errorf("the caller has the id %v, the service that failed logged %v", info.GetMetadata(), id)
	}
}
