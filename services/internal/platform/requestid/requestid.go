// Package requestid carries the id of a request through contexts, so that one can be followed through every log.
package requestid

import (
	"context"

	"github.com/google/uuid"
)

// MetadataKey is the gRPC metadata key that a request id travels under.
const MetadataKey = "fortnight-request-id"

type contextKey struct{}

// New makes a request id, a UUIDv7.
func New() string { return uuid.Must(uuid.NewV7()).String() }

// With returns a context that carries id.
func With(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// From returns the request id that ctx carries, or "".
func From(ctx context.Context) string {
	id, _ := ctx.Value(contextKey{}).(string)
	return id
}

// Valid tells whether an id that came from outside may be used and logged: 1 to 128 letters, digits, '.', '_' or '-'.
func Valid(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
