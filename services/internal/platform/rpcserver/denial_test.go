package rpcserver_test

import (
	"context"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// Whoever keeps denials hears of each refusal because of the caller, once, and of nothing else.
func TestDenialsAreTold(t *testing.T) {
	var mu sync.Mutex
	var told []rpcserver.Denial
	answer := func(kind fault.Kind, reason string, keep bool) func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
		return func(ctx context.Context, _ string, _ proto.Message, _ grpc.ServerStream) (proto.Message, error) {
			if keep {
				origin.CallOf(ctx).KeepRefusal()
			}
			return nil, fault.New(kind, reason, "No.")
		}
	}
	stranger, member := callertest.User("mo", "search", caller.Member), callertest.User("mo", "payments", caller.Member)
	for name, c := range map[string]struct {
		handler    func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error)
		who        caller.Caller
		token      string
		method     string
		reason     string // empty: nothing is told
		resource   string
		credential bool
	}{
		"a rule":                       {fine, stranger, "", "GetBox", "PERMISSION_DENIED", "teams/payments/boxes/b", false},
		"a rule of a stream":           {fine, stranger, "", "WatchBoxes", "PERMISSION_DENIED", "teams/payments/boxes/b", false},
		"a handler":                    {answer(fault.PermissionDenied, "COACH_NEEDED", false), member, "", "GetBox", "COACH_NEEDED", "teams/payments/boxes/b", false},
		"a handler that keeps it":      {answer(fault.PermissionDenied, "COACH_NEEDED", true), member, "", "GetBox", "", "", false},
		"a credential that is no good": {fine, caller.Caller{}, "forged", "GetBox", caller.ReasonInvalid, "", true},
		"a handler about a credential": {answer(fault.Unauthenticated, "TOKEN_INVALID", false), member, "", "GetBox", "TOKEN_INVALID", "teams/payments/boxes/b", true},
		"nobody":                       {fine, caller.Caller{}, "", "GetBox", "", "", false},
		"what succeeds":                {fine, member, "", "GetBox", "", "", false},
		"what is not found":            {answer(fault.NotFound, "BOX_NOT_FOUND", false), member, "", "GetBox", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := rpcserver.Config{Denied: func(_ context.Context, d rpcserver.Denial) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, d)
			}}
			each(t, cfg, boxes(c.handler), func(t *testing.T, h *harness) {
				told = nil
				ctx := t.Context()
				switch {
				case c.token != "":
					ctx = metadata.AppendToOutgoingContext(ctx, caller.MetadataKey, c.token)
				case !c.who.Anonymous():
					ctx = h.auth.Context(ctx, c.who)
				}
				_, _ = h.call(ctx, c.method, requests[c.method]) // what it answers is tested elsewhere
				mu.Lock()
				defer mu.Unlock()
				if c.reason == "" {
					if len(told) != 0 {
						t.Errorf("told %+v", told)
					}
					return
				}
				want := rpcserver.Denial{
					Method: told0(told).Method, Service: told0(told).Service, Credential: c.credential, Caller: c.who.Subject, Resource: c.resource, Reason: c.reason,
				}
				if len(told) != 1 || told[0] != want || told[0].Method == "" {
					t.Errorf("told %+v, want %+v", told, want)
				}
			})
		})
	}
}

func told0(told []rpcserver.Denial) rpcserver.Denial {
	if len(told) == 0 {
		return rpcserver.Denial{}
	}
	return told[0]
}
