package rpcserver

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// Invoke makes a unary call on the goroutine of the caller. One of its own for each call, as the channel would start it, is a
// good part of what a short call costs, because its stack has to grow every time. So a call returns when its handler does, and
// handlers end with their context. Messages are copied in both directions: neither side can change what the other holds.
func (l local) Invoke(ctx context.Context, path string, request, answer any, options ...grpc.CallOption) error {
	m := l.server.methods[path]
	in, inOK := request.(proto.Message)
	out, outOK := answer.(proto.Message)
	if m == nil || m.handle == nil || !inOK || !outOK || !plain(options) {
		return l.Channel.Invoke(ctx, path, request, answer, options...)
	}
	sent := &sentMetadata{method: path}
	inner, cancel := serverContext(ctx, sent)
	defer cancel()
	got, err := m.handle(m.implementation, inner, func(into any) error {
		message, ok := into.(proto.Message)
		if !ok {
			return fmt.Errorf("the handler's request is a %T and no message", into)
		}
		proto.Merge(message, in)
		return nil
	}, l.server.unary)
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
		case grpc.HeaderCallOption, grpc.TrailerCallOption, grpc.StaticMethodCallOption:
		default:
			return false
		}
	}
	return true
}

// serverContext is what a handler sees of the caller's context: its end and its outgoing metadata, none of its values. It ends
// with the call, as over TCP.
func serverContext(ctx context.Context, sent *sentMetadata) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithCancel(withoutValues{ctx})
	if md, ok := metadata.FromOutgoingContext(ctx); ok {
		inner = metadata.NewIncomingContext(inner, md)
	}
	return grpc.NewContextWithServerTransportStream(inner, sent), cancel
}

type withoutValues struct{ context.Context }

func (withoutValues) Value(any) any { return nil }

// AfterFunc spares the goroutine that package context needs to watch a context of a foreign type.
func (c withoutValues) AfterFunc(f func()) func() bool { return context.AfterFunc(c.Context, f) }

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
