package upstream

import (
	"context"

	"google.golang.org/grpc/metadata"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
)

// The metadata keys that the services read. Nothing else leaves the gateway.
const (
	keyCaller      = "fortnight-caller"
	keyRequestID   = "fortnight-request-id"
	keyTraceparent = "traceparent"
	keyOrigin      = "fortnight-origin"
)

// outgoing replaces the outgoing metadata, whatever grpc-gateway has put there, by what the gateway itself vouches for.
func outgoing(ctx context.Context, x *exchange.Exchange) context.Context {
	md := metadata.MD{}
	if x.CallerToken != "" {
		md.Set(keyCaller, x.CallerToken)
	}
	if x.RequestID != "" {
		md.Set(keyRequestID, x.RequestID)
	}
	if x.Traceparent != "" {
		md.Set(keyTraceparent, x.Traceparent)
	}
	if origin := x.Origin(); origin != "" {
		md.Set(keyOrigin, origin)
	}
	return metadata.NewOutgoingContext(ctx, md)
}
