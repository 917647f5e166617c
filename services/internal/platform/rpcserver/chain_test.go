package rpcserver_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

type grpcStream = grpc.ServerStream

func TestDeadlines(t *testing.T) {
	type seen struct {
		left    time.Duration
		bounded bool
	}
	got := make(chan seen, 1)
	handler := func(ctx context.Context, method string, request proto.Message, stream grpcStream) (proto.Message, error) {
		at, bounded := ctx.Deadline()
		got <- seen{time.Until(at), bounded}
		return fine(ctx, method, request, stream)
	}
	for name, c := range map[string]struct {
		cfg        rpcserver.Config
		method     string
		own        time.Duration
		bounded    bool
		least, max time.Duration
	}{
		"ten seconds when the caller has none":      {rpcserver.Config{}, "Peek", 0, true, 0, 10 * time.Second},
		"as configured":                             {rpcserver.Config{Deadline: time.Hour}, "Peek", 0, true, 30 * time.Minute, time.Hour},
		"a longer one of the caller stays":          {rpcserver.Config{}, "Peek", 2 * time.Hour, true, time.Hour, 2 * time.Hour},
		"none for streams":                          {rpcserver.Config{}, "WatchBoxes", 0, false, 0, 0},
		"streams keep the one that the caller sets": {rpcserver.Config{}, "WatchBoxes", 2 * time.Hour, true, time.Hour, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, c.cfg, boxes(handler), func(t *testing.T, h *harness) {
				ctx := h.as(everybody["coach"])
				if c.own > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.own)
					defer cancel()
				}
				if _, err := h.call(ctx, c.method, requests[c.method]); err != nil {
					t.Fatal(err)
				}
				s := <-got
				if s.bounded != c.bounded || s.bounded && (s.left < c.least || s.left > c.max) {
					t.Errorf("got %+v", s)
				}
			})
		})
	}
}

func TestACallThatTakesTooLong(t *testing.T) {
	handler := func(ctx context.Context, _ string, _ proto.Message, _ grpcStream) (proto.Message, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	each(t, rpcserver.Config{Deadline: time.Millisecond}, boxes(handler), func(t *testing.T, h *harness) {
		_, err := h.call(context.Background(), "Peek", "{}")
		if status.Code(err) != codes.DeadlineExceeded || reasonOf(t, err) != "DEADLINE_EXCEEDED" {
			t.Errorf("got %v", err)
		}
	})
}

func TestRequestIDs(t *testing.T) {
	seen := make(chan string, 1)
	handler := func(ctx context.Context, method string, request proto.Message, stream grpcStream) (proto.Message, error) {
		seen <- rpcserver.RequestID(ctx)
		return fine(ctx, method, request, stream)
	}
	each(t, rpcserver.Config{}, boxes(handler), func(t *testing.T, h *harness) {
		for name, c := range map[string]struct {
			sent []string
			kept bool
		}{
			"sent":            {[]string{"r-1"}, true},
			"none":            {nil, false},
			"not fit to log":  {[]string{"a b=c"}, false},
			"more than one":   {[]string{"r-1", "r-2"}, false},
			"longer than all": {[]string{strings.Repeat("a", 200)}, false},
		} {
			t.Run(name, func(t *testing.T) {
				ctx := h.as(everybody["coach"])
				for _, id := range c.sent {
					ctx = metadata.AppendToOutgoingContext(ctx, requestid.MetadataKey, id)
				}
				for _, method := range []string{"Peek", "WatchBoxes"} {
					if _, err := h.call(ctx, method, requests[method]); err != nil {
						t.Fatal(err)
					}
					got := <-seen
					if c.kept && got != c.sent[0] || !c.kept && len(got) != 36 {
						t.Errorf("%s: %q", method, got)
					}
				}
			})
		}
	})
}

func TestAskingForwardsCallerRequestAndTrace(t *testing.T) {
	type seen struct{ subject, request, trace string }
	got := make(chan seen, 1)
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	each(t, rpcserver.Config{TracerProvider: provider}, boxes(func(ctx context.Context, method string, request proto.Message, stream grpcStream) (proto.Message, error) {
		got <- seen{caller.From(ctx).Subject, rpcserver.RequestID(ctx), trace.SpanContextFromContext(ctx).TraceID().String()}
		return fine(ctx, method, request, stream)
	}), func(t *testing.T, deep *harness) {
		spans.Reset()
		conn := rpcserver.Asking(deep.conn)
		front := start(t, rpcserver.Config{TracerProvider: provider, Verifier: deep.auth.Verifier}, boxes(func(ctx context.Context, method string, request proto.Message, _ grpcStream) (proto.Message, error) {
			return call(ctx, conn, "WatchBoxes", rpctest.Request("WatchBoxes", requests["WatchBoxes"]))
		}), true)
		const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
		ctx := metadata.AppendToOutgoingContext(deep.as(everybody["coach"]), requestid.MetadataKey, "r-7", "traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
		if _, err := front.call(ctx, "Peek", "{}"); err != nil {
			t.Fatal(err)
		}
		if s := <-got; s != (seen{"users/mo", "r-7", traceID}) {
			t.Errorf("got %+v", s)
		}
		// The handler's spans are nested: caller's span, front, deep. The deep call may still be ending when its answer is
		// here already, so stop it first.
		stop(t, deep)
		names := map[string]trace.SpanID{}
		parents := map[string]trace.SpanID{}
		for _, s := range spans.GetSpans() {
			names[s.Name], parents[s.Name] = s.SpanContext.SpanID(), s.Parent.SpanID()
			found := map[string]string{}
			for _, a := range s.Attributes {
				found[string(a.Key)] = a.Value.AsString()
			}
			if s.SpanKind != trace.SpanKindServer || found["rpc.system.name"] != "grpc" || found["rpc.method"] != s.Name || found["rpc.response.status_code"] == "" {
				t.Errorf("span %s: %v %v", s.Name, s.SpanKind, found)
			}
		}
		peek, watch := "rpctest.v1.BoxService/Peek", "rpctest.v1.BoxService/WatchBoxes"
		if parents[peek].String() != "00f067aa0ba902b7" || parents[watch] != names[peek] || len(names) != 2 {
			t.Errorf("spans %v with parents %v", names, parents)
		}
	})
}

func TestAServiceAsksForItselfWhileItAnswersAUser(t *testing.T) {
	got := make(chan string, 1)
	each(t, rpcserver.Config{}, boxes(func(ctx context.Context, method string, request proto.Message, stream grpcStream) (proto.Message, error) {
		got <- caller.From(ctx).Subject
		return fine(ctx, method, request, stream)
	}), func(t *testing.T, deep *harness) {
		token, _, err := deep.auth.Minter.Mint(callertest.Service("report"))
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			prepare func(context.Context) context.Context
			want    string
		}{
			"for the user":     {func(ctx context.Context) context.Context { return ctx }, "users/mo"},
			"for itself":       {func(ctx context.Context) context.Context { return caller.OutgoingAs(ctx, token) }, "services/report"},
			"changed its mind": {func(ctx context.Context) context.Context { return caller.OutgoingAs(caller.Outgoing(ctx), token) }, "services/report"},
		} {
			front := start(t, rpcserver.Config{Verifier: deep.auth.Verifier}, boxes(func(ctx context.Context, method string, request proto.Message, _ grpcStream) (proto.Message, error) {
				return call(c.prepare(ctx), rpcserver.Asking(deep.conn), method, request)
			}), true)
			if _, err := front.call(deep.as(everybody["coach"]), "Enter", "{}"); err != nil {
				t.Fatal(err)
			}
			if subject := <-got; subject != c.want {
				t.Errorf("%s: asked as %s", name, subject)
			}
		}
	})
}

func TestTracesAreForwardedEvenWhenNobodyRecords(t *testing.T) {
	got := make(chan string, 1)
	each(t, rpcserver.Config{}, boxes(func(ctx context.Context, method string, request proto.Message, stream grpcStream) (proto.Message, error) {
		got <- trace.SpanContextFromContext(ctx).TraceID().String()
		return fine(ctx, method, request, stream)
	}), func(t *testing.T, deep *harness) {
		front := start(t, rpcserver.Config{}, boxes(func(ctx context.Context, method string, request proto.Message, _ grpcStream) (proto.Message, error) {
			return call(ctx, rpcserver.Asking(deep.conn), method, request)
		}), true)
		ctx := metadata.AppendToOutgoingContext(context.Background(), "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		if _, err := front.call(ctx, "Peek", "{}"); err != nil {
			t.Fatal(err)
		}
		if id := <-got; id != "4bf92f3577b34da6a3ce929d0e0e4736" {
			t.Errorf("trace %s", id)
		}
	})
}

func TestOneLinePerCall(t *testing.T) {
	handler := func(ctx context.Context, method string, request proto.Message, stream grpcStream) (proto.Message, error) {
		switch method {
		case "Enter":
			return nil, fault.New(fault.NotFound, "BOX_NOT_FOUND", "There is no canary.").Because(errors.New("canary"))
		case "Rule":
			return nil, fault.New(fault.Unavailable, "BUSY", "Busy.").Because(errors.New("database is locked"))
		}
		return fine(ctx, method, request, stream)
	}
	type observed struct{ method, code string }
	var mu sync.Mutex
	var calls []observed
	var tick time.Time
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		tick = tick.Add(250 * time.Microsecond)
		return tick
	}
	cfg := rpcserver.Config{Clock: clock, ObserveCall: func(method, code string, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if took != 250*time.Microsecond {
			code += " after " + took.String()
		}
		calls = append(calls, observed{method, code})
	}}
	each(t, cfg, boxes(handler), func(t *testing.T, h *harness) {
		calls = nil
		ctx := metadata.AppendToOutgoingContext(h.as(everybody["admin"]), requestid.MetadataKey, "r-9")
		want := []struct{ method, level, code, reason, cause string }{
			{"GetBox", "DEBUG", "OK", "", ""},
			{"Peek", "DEBUG", "OK", "", ""},
			{"CreateBox", "INFO", "OK", "", ""},
			{"Enter", "INFO", "NOT_FOUND", "BOX_NOT_FOUND", ""},
			{"Sync", "INFO", "PERMISSION_DENIED", "PERMISSION_DENIED", ""},
			{"Rule", "WARN", "UNAVAILABLE", "BUSY", "database is locked"},
		}
		for _, w := range want {
			request := strings.ReplaceAll(requests[w.method], `"title":"t"`, `"title":"canary"`)
			if _, err := h.call(ctx, w.method, request); (err == nil) != (w.code == "OK") {
				t.Fatal(err)
			}
		}
		stop(t, h)
		lines := h.log.lines(t)
		if len(lines) != len(want) || len(calls) != len(want) {
			t.Fatalf("%d lines and %d observations of %d calls", len(lines), len(calls), len(want))
		}
		text := func(v any) string { s, _ := v.(string); return s }
		for i, w := range want {
			full := "rpctest.v1.BoxService/" + w.method
			got := lines[i]
			if got["level"] != w.level || got["method"] != full || got["code"] != w.code || text(got["reason"]) != w.reason || text(got["error"]) != w.cause ||
				got["subject"] != "users/mo" || got["request_id"] != "r-9" || got["duration_ms"] != 0.25 {
				t.Errorf("%s: logged %v", w.method, got)
			}
			if calls[i] != (observed{full, w.code}) {
				t.Errorf("%s: observed %v", w.method, calls[i])
			}
		}
		if log := h.log.String(); strings.Contains(log, "canary") || strings.Contains(log, "eyJ") {
			t.Errorf("the log holds what was sent: %s", log)
		}
	})
}

func TestHeadersAndTrailersReachTheCaller(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(func(ctx context.Context, method string, request proto.Message, _ grpcStream) (proto.Message, error) {
		if err := grpc.SetHeader(ctx, metadata.Pairs("idempotency-replayed", "true")); err != nil {
			return nil, err
		}
		return rpctest.Response(method), grpc.SetTrailer(ctx, metadata.Pairs("t", "1"))
	}), func(t *testing.T, h *harness) {
		var header, trailer metadata.MD
		err := rpcserver.Asking(h.conn).Invoke(context.Background(), rpctest.Path("Peek"), rpctest.Request("Peek", "{}"), rpctest.Response("Peek"), grpc.Header(&header), grpc.Trailer(&trailer))
		if err != nil {
			t.Fatal(err)
		}
		if header.Get("idempotency-replayed")[0] != "true" || trailer.Get("t")[0] != "1" {
			t.Errorf("header %v, trailer %v", header, trailer)
		}
	})
}
