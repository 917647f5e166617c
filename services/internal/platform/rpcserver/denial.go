package rpcserver

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/services/internal/platform/access"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
)

// Denial is a call that was refused because of who called.
type Denial struct {
	// Method is what was called, such as "fortnight.cycle.v1.CycleService/AdvanceCycle".
	Method string
	// Service is whose contract the method is in, "cycle"; empty when every service has it.
	Service string
	// Credential is true when a credential was refused, false when a known caller may not do this.
	Credential bool
	// Caller is who called, by resource name; empty when nobody knows. It is set for methods that hide their caller, too.
	Caller string
	// Resource is what the call was about, by resource name as it was sent; it may be any text.
	Resource string
	// Reason is the stable reason of the refusal.
	Reason string
}

// tellDenied tells the configuration of a refusal that is worth keeping, before the answer leaves. Nobody's call without a
// credential is one, and neither is what an asked service has refused and kept itself.
func (s *Server) tellDenied(ctx context.Context, c *call, status codes.Code, f *fault.Error, err error) {
	if s.cfg.Denied == nil || c.exempt || origin.CallOf(ctx).RefusalKept() {
		return
	}
	credential := status == codes.Unauthenticated && f.Reason != access.ReasonUnauthenticated
	var elsewhere *askedError
	if !credential && status != codes.PermissionDenied || errors.As(err, &elsewhere) {
		return
	}
	who := caller.From(ctx).Subject
	if who == "" {
		who = c.known
	}
	s.cfg.Denied(ctx, Denial{
		Method: c.name, Service: c.owner, Credential: credential, Caller: who, Resource: about(c.rule, c.request), Reason: f.Reason,
	})
}

// about is the resource name that a request is about: what the access rule looks at, else the field that most methods have
// for it.
func about(rule access.Rule, request proto.Message) string {
	if request == nil {
		return ""
	}
	message := request.ProtoReflect()
	if rule.NeedsRequest() {
		return rule.Resource(message)
	}
	for _, name := range []protoreflect.Name{"name", "parent"} {
		field := message.Descriptor().Fields().ByName(name)
		if field != nil && field.Kind() == protoreflect.StringKind && !field.IsList() {
			if text := message.Get(field).String(); text != "" {
				return text
			}
		}
	}
	return ""
}
