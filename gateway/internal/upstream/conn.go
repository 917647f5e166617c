// Package upstream is the gateway's side of the connections to the services: it sends along who is calling, puts the
// headers Idempotency-Key and If-Match into the request messages, and rides out the restart of a service.
package upstream

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

// Conn is a connection to one service, through which all calls of the gateway go.
type Conn struct {
	inner  grpc.ClientConnInterface
	routes *routes.Table
	retry  Retry
	wrote  func()
}

// Option changes a Conn.
type Option func(*Conn)

// OnWrite calls f after every successful call that changed something.
func OnWrite(f func()) Option { return func(c *Conn) { c.wrote = f } }

// WithRetry sets how long and how often an unreachable service is tried.
func WithRetry(r Retry) Option { return func(c *Conn) { c.retry = r } }

// New wraps a connection to a service.
func New(inner grpc.ClientConnInterface, table *routes.Table, options ...Option) *Conn {
	c := &Conn{inner: inner, routes: table, retry: Retry{Budget: 5 * time.Second, First: 25 * time.Millisecond, Most: 400 * time.Millisecond}}
	for _, option := range options {
		option(c)
	}
	return c
}

// Invoke makes a unary call.
func (c *Conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	x := exchange.From(ctx)
	route, public := c.routes.ByRPC(method)
	// A method without a route is one that the gateway itself asks; its contract says whether it changes anything.
	repeatable := !public && c.routes.ChangesNothing(method)
	if request, ok := args.(proto.Message); ok && public {
		if p := prepare(x, route, request.ProtoReflect()); p != nil {
			return p
		}
		repeatable = !route.Unsafe() || hasRequestID(route, request.ProtoReflect())
	}
	x.Called = true
	ctx = outgoing(ctx, x)
	err := c.retry.do(ctx, c.inner, repeatable, func() error {
		return c.inner.Invoke(ctx, method, args, reply, opts...)
	})
	if err == nil && c.wrote != nil && public && route.Unsafe() {
		c.wrote()
	}
	return err
}

// NewStream opens a stream. Streams are not tried again here: only their reader knows where to go on.
func (c *Conn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return c.inner.NewStream(outgoing(ctx, exchange.From(ctx)), desc, method, opts...)
}
