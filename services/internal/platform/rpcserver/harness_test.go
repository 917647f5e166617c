package rpcserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// harness is a running server and a client of it.
type harness struct {
	server *rpcserver.Server
	conn   grpc.ClientConnInterface
	auth   *callertest.Authority
	log    *logBuffer
	inside bool // in process
}

// each runs fn twice: against the in-process channel, and over TCP.
func each(t *testing.T, cfg rpcserver.Config, register func(grpc.ServiceRegistrar), fn func(t *testing.T, h *harness)) {
	t.Helper()
	for _, inside := range []bool{true, false} {
		name := "tcp"
		if inside {
			name = "in process"
		}
		t.Run(name, func(t *testing.T) { fn(t, start(t, cfg, register, inside)) })
	}
}

func start(t testing.TB, cfg rpcserver.Config, register func(grpc.ServiceRegistrar), inside bool) *harness {
	t.Helper()
	h := &harness{auth: callertest.New(nil), log: &logBuffer{}, inside: inside}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if cfg.Verifier == nil {
		cfg.Verifier = h.auth.Verifier
	}
	h.server = rpcserver.New(cfg)
	register(h.server)
	h.server.SetServing(true)
	h.conn = h.server.Conn()
	served := make(chan error, 1)
	if inside {
		served <- nil
	} else {
		lis, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { served <- h.server.Serve(lis) }()
		conn, err := rpcserver.Dial(lis.Addr().String(), nil, false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		h.conn = conn
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // whatever a test left behind is cut off
		_ = h.server.Stop(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return h
}

// boxes registers the test contract.
func boxes(handler rpctest.Handler) func(grpc.ServiceRegistrar) {
	return func(r grpc.ServiceRegistrar) { rpctest.Register(r, rpctest.BoxService, handler) }
}

// fine is a handler that answers everything.
func fine(_ context.Context, method string, _ proto.Message, stream grpc.ServerStream) (proto.Message, error) {
	if stream == nil {
		return rpctest.Response(method), nil
	}
	if err := stream.RecvMsg(rpctest.Request(method, "{}")); err != nil {
		return nil, err
	}
	return nil, stream.SendMsg(rpctest.Response(method))
}

// call makes a call of any kind and returns its first answer.
func (h *harness) call(ctx context.Context, method, request string) (proto.Message, error) {
	return call(ctx, h.conn, method, rpctest.Request(method, request))
}

func call(ctx context.Context, conn grpc.ClientConnInterface, method string, request proto.Message) (proto.Message, error) {
	answer := rpctest.Response(method)
	d := rpctest.Method(method)
	if !d.IsStreamingClient() && !d.IsStreamingServer() {
		return answer, conn.Invoke(ctx, rpctest.Path(method), request, answer)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{StreamName: method, ServerStreams: true, ClientStreams: d.IsStreamingClient()}, rpctest.Path(method))
	if err != nil {
		return nil, err
	}
	_ = stream.SendMsg(request) // an early refusal shows in RecvMsg
	_ = stream.CloseSend()
	return answer, stream.RecvMsg(answer)
}

// as returns a context that calls as c; the anonymous caller has no token.
func (h *harness) as(c caller.Caller) context.Context {
	if c.Anonymous() {
		return context.Background()
	}
	return h.auth.Context(context.Background(), c)
}

// reasonOf returns the reason in the ErrorInfo of a status error, "" for nil.
func reasonOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	info, _ := details(t, err)
	return info.GetReason()
}

// details returns the details that every error has, and the violations that it may have.
func details(t *testing.T, err error) (*errdetails.ErrorInfo, *errdetails.BadRequest) {
	t.Helper()
	st, ok := status.FromError(err)
	if !ok {
		t.Fatalf("%v is no status", err)
	}
	var info *errdetails.ErrorInfo
	var bad *errdetails.BadRequest
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			bad = d
		}
	}
	if info == nil || info.GetDomain() != rpcserver.Domain {
		t.Errorf("%v has the ErrorInfo %v", err, info)
	}
	return info, bad
}

// logBuffer keeps JSON log lines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(b.String()) {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, m)
	}
	return lines
}
