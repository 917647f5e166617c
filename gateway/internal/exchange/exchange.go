// Package exchange carries what the gateway knows about one HTTP request through its context: from the edge, where the
// headers are read, to the connection, where the call leaves for a service.
package exchange

import (
	"context"
	"net/netip"
	"net/url"

	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

// Exchange is one request and its answer. It belongs to one goroutine at a time.
type Exchange struct {
	// RequestID identifies the request in logs, in the header X-Request-Id and in the instance of a problem.
	RequestID string
	// Traceparent is the caller's trace context in W3C form, or "".
	Traceparent string
	// Base is the address that the client uses, scheme and host without a trailing slash, for links in answers.
	Base string
	// Secure tells that the client uses https.
	Secure bool
	// Door is the way in.
	Door Door
	// Address is where the client is, as far as the trusted proxies tell; not valid when it is unknown.
	Address netip.Addr
	// UserAgent is what the client calls itself.
	UserAgent string
	// URL is the address as the client sent it.
	URL *url.URL

	// IdempotencyKey is the decoded header Idempotency-Key, "" without one.
	IdempotencyKey string
	// IfMatch is the one entity tag of the header If-Match with its quotes, "" without one or with `*`.
	IfMatch string
	// IfMatchGiven tells that there was a header If-Match, be it `*`.
	IfMatchGiven bool
	// IfNoneMatch is the header as it came.
	IfNoneMatch string

	// Route is the route that the request took, nil before one was found.
	Route *routes.Route
	// CallerToken is the signed token that the services verify, "" when the client showed no credential.
	CallerToken string
	// CredentialShown tells that the client sent a credential.
	CredentialShown bool
	// Body is the request's body, at most the gateway's limit.
	Body []byte
	// MaskGiven tells that the client named the fields to change; otherwise they are taken from the body.
	MaskGiven bool
	// Called tells that the request reached a service: an error is the service's from then on.
	Called bool
	// EtagFromHeader tells that the etag of the request came by If-Match.
	EtagFromHeader bool
}

type contextKey struct{}

// With returns a context that carries x.
func With(ctx context.Context, x *Exchange) context.Context {
	return context.WithValue(ctx, contextKey{}, x)
}

// From returns the exchange that ctx carries. Outside of a request it is empty, never nil.
func From(ctx context.Context) *Exchange {
	if x, ok := ctx.Value(contextKey{}).(*Exchange); ok {
		return x
	}
	return &Exchange{}
}
