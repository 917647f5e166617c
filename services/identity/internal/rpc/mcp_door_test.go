package rpc_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/metadata"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// arrives shows a token at the MCP door.
func (w *world) arrives(secret string) (context.Context, error) {
	ctx := metadata.AppendToOutgoingContext(w.As(nobody), origin.MetadataKey, origin.Origin{Door: origin.MCP, Address: "192.0.2.7"}.String())
	_, err := w.Authenticate(ctx, &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: secret}})
	return ctx, err
}

func TestOnlyTokensForItOpenTheMCPDoor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.admin("ada")
		for id, test := range map[string]struct {
			scopes []string
			in     bool
		}{
			"nothing-said":  {nil, false},
			"read":          {[]string{"read"}, false},
			"write":         {[]string{"write"}, false},
			"admin":         {[]string{"admin"}, false},
			"mcp":           {[]string{"mcp"}, true},
			"read-and-mcp":  {[]string{"read", "mcp"}, true},
			"write-and-mcp": {[]string{"write", "mcp"}, true},
			"all-of-them":   {[]string{"read", "write", "admin", "mcp"}, true},
		} {
			t.Run(id, func(t *testing.T) {
				_, err := w.arrives(w.scoped(ada, id, test.scopes...))
				if test.in && err != nil {
					t.Error(err)
				} else if !test.in {
					testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
				}
			})
		}
		_, err := w.arrives(w.botToken("payments", "slack").GetSecret())
		testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
	})
}
