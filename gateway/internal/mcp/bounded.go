package mcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
)

// methods are those that the door answers. A subscription among them would hold a connection for a message that never comes.
var methods = []string{
	"initialize", "notifications/initialized", "notifications/cancelled", "ping", "server/discover",
	"tools/list", "tools/call", "resources/list", "resources/templates/list", "resources/read", "prompts/list", "prompts/get",
}

var errPanicked = errors.New("something went wrong that is not the client's fault; the operator finds it in the log by the request id")

// bounded keeps each message within its time and to the methods of the door, and gives it an exchange of its own: it is answered in
// another goroutine than the request's, and may outlive it.
func bounded(timeout time.Duration, logger *slog.Logger) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, request mcp.Request) (result mcp.Result, err error) {
			if !slices.Contains(methods, method) {
				return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: fmt.Sprintf("method %q is not answered here", method)}
			}
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			x := *exchange.From(ctx)
			x.UserAgent = cmp.Or(clientOf(request), x.UserAgent)
			defer func() {
				if caught := recover(); caught != nil { // nothing above this would catch it: the process would end
					logger.ErrorContext(ctx, "a tool panicked", "method", method, "panic", caught, "request", x.RequestID, "stack", string(debug.Stack()))
					result, err = nil, errPanicked
				}
			}()
			return next(exchange.With(ctx, &x), method, request)
		}
	}
}

// clientOf is what the client says about itself in the message, for the audit log.
func clientOf(request mcp.Request) string {
	r, ok := request.(*mcp.CallToolRequest)
	if !ok {
		return ""
	}
	if client := r.ClientInfo(); client != nil && client.Name != "" {
		return client.Name + "/" + cmp.Or(client.Version, "unknown")
	}
	return ""
}
