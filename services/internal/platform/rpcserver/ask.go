package rpcserver

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
)

// Asking wraps a connection for services that ask other services. What they ask carries the caller's token (unless
// caller.OutgoingAs chose another), the request id and the trace of the context they ask with. What comes back as an error is both a *fault.Error, found with fault.From
// or errors.As, and a gRPC status, found with status.FromError.
func Asking(conn grpc.ClientConnInterface) grpc.ClientConnInterface { return asking{conn} }

type asking struct{ grpc.ClientConnInterface }

func (a asking) Invoke(ctx context.Context, method string, request, answer any, options ...grpc.CallOption) error {
	return asked(a.ClientConnInterface.Invoke(outgoing(ctx), method, request, answer, options...))
}

func (a asking) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := a.ClientConnInterface.NewStream(outgoing(ctx), desc, method, options...)
	if err != nil {
		return nil, asked(err)
	}
	return askingStream{stream}, nil
}

type askingStream struct{ grpc.ClientStream }

func (s askingStream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	return md, asked(err)
}

func (s askingStream) CloseSend() error          { return asked(s.ClientStream.CloseSend()) }
func (s askingStream) SendMsg(request any) error { return asked(s.ClientStream.SendMsg(request)) }
func (s askingStream) RecvMsg(answer any) error  { return asked(s.ClientStream.RecvMsg(answer)) }

// askedError is an error of an asked service, for those who look for faults and for those who look for statuses.
type askedError struct {
	fault  *fault.Error
	status *status.Status
}

func (e *askedError) Error() string              { return e.fault.Error() }
func (e *askedError) Unwrap() error              { return e.fault }
func (e *askedError) GRPCStatus() *status.Status { return e.status }

func asked(err error) error {
	if err == nil || errors.Is(err, io.EOF) { // the orderly end of a stream
		return err
	}
	code, f := classify(err)
	return &askedError{f, statusOf(code, f)}
}

// outgoing puts on the metadata of outgoing calls what ctx knows. A caller token that somebody put there on purpose
// stays: a service may ask for itself while it answers a user.
func outgoing(ctx context.Context) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx) // a copy
	if md == nil {
		md = metadata.MD{}
	}
	if token := caller.From(ctx).Token; token != "" && len(md.Get(caller.MetadataKey)) == 0 {
		md.Set(caller.MetadataKey, token)
	}
	if id := requestid.From(ctx); id != "" {
		md.Set(requestid.MetadataKey, id)
	}
	if o := origin.From(ctx); o.Door != "" {
		md.Set(origin.MetadataKey, o.String())
	}
	propagator.Inject(ctx, outgoingCarrier(md))
	return metadata.NewOutgoingContext(ctx, md)
}

// outgoingCarrier lets the propagator write metadata.
type outgoingCarrier metadata.MD

func (c outgoingCarrier) Get(key string) string {
	if values := metadata.MD(c).Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (c outgoingCarrier) Set(key, value string) { metadata.MD(c).Set(key, value) }

func (c outgoingCarrier) Keys() []string { return nil }
