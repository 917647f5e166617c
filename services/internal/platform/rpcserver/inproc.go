package rpcserver

import (
	"context"
	"fmt"
	"sync"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// channel is the in-process connection. Unary calls run on the goroutine of the caller: one of their own for each call,
// whose stack has to grow every time, is a tenth of what a short call costs. So a call returns when its handler does; handlers
// end with their context. Streams are the library's.
type channel struct {
	*inprocgrpc.Channel
	server *Server
}

// Invoke makes a unary call. Messages are copied in both directions, so that neither side can change what the other holds.
func (c channel) Invoke(ctx context.Context, path string, request, answer any, options ...grpc.CallOption) error {
	m := c.server.methods[path]
	in, inOK := request.(proto.Message)
	out, outOK := answer.(proto.Message)
	if m == nil || m.handle == nil || !inOK || !outOK || !plain(options) {
		return c.Channel.Invoke(ctx, path, request, answer, options...)
	}
	sent := &sentMetadata{method: path}
	got, err := m.handle(m.implementation, serverContext(ctx, sent), func(into any) error {
		message, ok := into.(proto.Message)
		if !ok {
			return fmt.Errorf("the handler's request is a %T and no message", into)
		}
		proto.Merge(message, in)
		return nil
	}, c.server.unary)
	sent.hand(options)
	if err != nil {
		return err
	}
	message, ok := got.(proto.Message)
	if !ok {
		return fmt.Errorf("the handler's answer is a %T and no message", got)
	}
	proto.Reset(out)
	proto.Merge(out, message)
	return nil
}

// plain tells whether the options are all of a kind that Invoke knows.
func plain(options []grpc.CallOption) bool {
	for _, o := range options {
		switch o.(type) {
		case grpc.HeaderCallOption, grpc.TrailerCallOption:
		default:
			return false
		}
	}
	return true
}

// serverContext is what a handler sees of the caller's context: its end and its outgoing metadata, none of its values.
func serverContext(ctx context.Context, sent *sentMetadata) context.Context {
	inner := context.Context(withoutValues{ctx})
	if md, ok := metadata.FromOutgoingContext(ctx); ok {
		inner = metadata.NewIncomingContext(inner, md)
	}
	return grpc.NewContextWithServerTransportStream(inner, sent)
}

type withoutValues struct{ context.Context }

func (withoutValues) Value(any) any { return nil }

// sentMetadata collects what a handler sends beside its answer.
type sentMetadata struct {
	method string

	mu              sync.Mutex
	header, trailer metadata.MD
}

func (s *sentMetadata) Method() string { return s.method }

func (s *sentMetadata) SetHeader(md metadata.MD) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = metadata.Join(s.header, md)
	return nil
}

func (s *sentMetadata) SendHeader(md metadata.MD) error { return s.SetHeader(md) }

func (s *sentMetadata) SetTrailer(md metadata.MD) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trailer = metadata.Join(s.trailer, md)
	return nil
}

// hand gives what was sent to those who asked for it.
func (s *sentMetadata) hand(options []grpc.CallOption) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range options {
		switch o := o.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = s.header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = s.trailer
		}
	}
}
