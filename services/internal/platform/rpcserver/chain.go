package rpcserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
)

// ErrorIDKey is the metadata key of an internal fault under which its id stands, in the answer and in the log.
const ErrorIDKey = "error_id"

// reasonStopping is the reason of calls that end because the server does.
const reasonStopping = "SERVER_STOPPING"

var errStopping = fault.New(fault.Unavailable, reasonStopping, "The server is stopping. Try again.")

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string { return requestid.From(ctx) }

// call is one call on its way through the chain.
type call struct {
	*method
	start   time.Time
	span    trace.Span
	subject string
	// known is whose token it was, also when it is refused.
	known string
	// request is the last one that the access rule looked at.
	request proto.Message
}

// unary is the chain for unary calls, in process and over TCP.
func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (answer any, err error) {
	ctx, c := s.begin(ctx, info.FullMethod)
	defer func() {
		if err = s.end(ctx, c, recover(), err); err != nil {
			answer = nil
		}
	}()
	who, err := s.identify(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx = caller.With(ctx, who)
	message, ok := request.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("the request is a %T and no message", request)
	}
	if err := s.admit(c, who, message); err != nil {
		return nil, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.cfg.Deadline)
		defer cancel()
	}
	if err := s.validate(c, message); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

// begin gives the call its request id and its span; those of a call that hides its caller begin here. What is known of the method is never nil, so that a method that
// nobody registered is refused, not let through.
func (s *Server) begin(ctx context.Context, path string) (context.Context, *call) {
	s.inFlight.Add(1)
	m := s.methods[path]
	if m == nil {
		m = &method{name: path, broken: errors.New("the method was never registered")}
	}
	c := &call{method: m, start: s.cfg.Clock()}
	id, spanOptions := requestid.New(), serverSpan
	if m.rule.HideCaller {
		// The request id and the trace that came along stand beside a name in the log of other calls: this one has its own.
		spanOptions = hiddenSpan
	} else {
		if ids := metadata.ValueFromIncomingContext(ctx, requestid.MetadataKey); len(ids) == 1 && requestid.Valid(ids[0]) {
			id = ids[0]
		}
		ctx = propagator.Extract(ctx, incoming{ctx})
	}
	ctx = requestid.With(ctx, id)
	ctx = origin.With(ctx, cameFrom(ctx))
	ctx = origin.WithCall(ctx, &origin.Call{Method: m.name, HideCaller: m.rule.HideCaller})
	ctx, c.span = s.tracer.Start(ctx, m.name, spanOptions...)
	return ctx, c
}

// cameFrom is where a call came from: what the gateway or a service says about it, else the peer itself.
func cameFrom(ctx context.Context) origin.Origin {
	if told := origin.Incoming(ctx); told.Door != "" {
		return told
	}
	if known := origin.From(ctx); known.Door != "" { // in process, and the caller has said so
		return known
	}
	o := origin.Origin{Door: origin.GRPC}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		if at, err := netip.ParseAddrPort(p.Addr.String()); err == nil {
			o.Address = at.Addr().Unmap().WithZone("").String()
		}
	}
	return o
}

// end turns what came of a call into a status error or nil, and says so in log, trace and metrics.
func (s *Server) end(ctx context.Context, c *call, panicked any, err error) error {
	defer s.leave()
	var stack []byte
	if panicked != nil {
		stack = debug.Stack()
		err = fmt.Errorf("panic: %v", panicked)
	}
	status, f := classify(err)
	if status == codes.Canceled && errors.Is(context.Cause(ctx), errStopping) {
		status, f = codes.Unavailable, errStopping // it was not the caller who gave up
	}
	if status == codes.Internal && f.Metadata[ErrorIDKey] == "" {
		copied := *f // a fault may be a shared value
		copied.Metadata = map[string]string{ErrorIDKey: uuid.Must(uuid.NewV7()).String()}
		for k, v := range f.Metadata {
			copied.Metadata[k] = v
		}
		f = &copied
	}
	s.tellDenied(ctx, c, status, f, err)
	took := s.cfg.Clock().Sub(c.start)
	codeName := code.Code(status).String()
	s.log(ctx, c, status, codeName, took, f, stack)
	if c.span.IsRecording() {
		c.span.SetAttributes(
			attribute.String("rpc.system.name", "grpc"), attribute.String("rpc.method", c.name),
			attribute.String("rpc.response.status_code", codeName),
		)
		if ours(status) {
			c.span.SetStatus(otelcodes.Error, f.Reason)
		}
	}
	c.span.End()
	if s.cfg.ObserveCall != nil {
		s.cfg.ObserveCall(c.name, codeName, took)
	}
	if f == nil {
		return nil
	}
	return statusOf(status, f).Err()
}

// leave counts a call out, and wakes Stop after the last.
func (s *Server) leave() {
	if s.inFlight.Add(-1) == 0 && s.draining.Load() {
		select {
		case s.idle <- struct{}{}:
		default:
		}
	}
}

// log writes one line about a call, without anything that was sent or answered.
func (s *Server) log(ctx context.Context, c *call, status codes.Code, codeName string, took time.Duration, f *fault.Error, stack []byte) {
	level := slog.LevelInfo
	switch {
	case status == codes.Internal || status == codes.Unknown || status == codes.DataLoss:
		level = slog.LevelError
	case ours(status):
		level = slog.LevelWarn
	case f == nil && c.reads:
		level = slog.LevelDebug
	}
	if !s.cfg.Logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.name), slog.String("code", codeName), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("request_id", requestid.From(ctx)), slog.String("subject", c.subject),
	}
	if f != nil {
		attrs = append(attrs, slog.String("reason", f.Reason))
		if id := f.Metadata[ErrorIDKey]; id != "" {
			attrs = append(attrs, slog.String(ErrorIDKey, id))
		}
		// What a caller did wrong may hold what the caller sent; what went wrong here must be seen.
		if f.Cause != nil && (ours(status) || status == codes.Unauthenticated) {
			attrs = append(attrs, slog.String("error", f.Cause.Error()))
		}
	}
	if stack != nil {
		attrs = append(attrs, slog.String("stack", string(stack)))
	}
	s.cfg.Logger.LogAttrs(ctx, level, "call", attrs...)
}

// ours tells whether a status is the server's doing rather than the caller's.
func ours(status codes.Code) bool {
	switch status {
	case codes.Unknown, codes.Internal, codes.DataLoss, codes.Unavailable, codes.DeadlineExceeded, codes.Unimplemented, codes.ResourceExhausted:
		return true
	default:
		return false
	}
}

// identify finds out who calls. The signed caller token counts and nothing else.
func (s *Server) identify(ctx context.Context, c *call) (caller.Caller, error) {
	if s.stopped.Load() {
		return caller.Caller{}, errStopping
	}
	if c.exempt {
		return caller.Caller{}, nil
	}
	if c.broken != nil { // Check was not asked, or not listened to
		return caller.Caller{}, c.broken
	}
	tokens := metadata.ValueFromIncomingContext(ctx, caller.MetadataKey)
	if len(tokens) == 0 || len(tokens) == 1 && tokens[0] == "" {
		return caller.Caller{}, nil
	}
	if len(tokens) > 1 || s.cfg.Verifier == nil {
		return caller.Caller{}, fault.New(fault.Unauthenticated, caller.ReasonInvalid, "The caller token is not valid.")
	}
	who, err := s.cfg.Verifier.Verify(ctx, tokens[0])
	c.known = who.Subject
	if !c.rule.HideCaller {
		c.subject = who.Subject
	}
	if err == nil && c.owner != "" && !who.MayAsk(c.owner) {
		return caller.Caller{}, fault.New(fault.Unauthenticated, caller.ReasonInvalid, "The caller token is not valid.")
	}
	return who, err
}

// admit applies the method's access rule to a request.
func (s *Server) admit(c *call, who caller.Caller, request proto.Message) error {
	if c.exempt {
		return nil
	}
	c.request = request
	return c.rule.Check(who, request.ProtoReflect())
}

var (
	serverSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	hiddenSpan = append([]trace.SpanStartOption{trace.WithNewRoot()}, serverSpan...)
)

// propagator reads and writes the W3C headers traceparent and tracestate.
var propagator = propagation.TraceContext{}

// incoming lets the propagator read the metadata of a call.
type incoming struct{ ctx context.Context }

func (i incoming) Get(key string) string {
	if values := metadata.ValueFromIncomingContext(i.ctx, key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (incoming) Set(string, string) {}

func (incoming) Keys() []string { return nil }
