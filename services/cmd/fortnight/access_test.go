package main

import (
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// Every RPC of every contract is tried as every kind of caller, and lets in nobody whom its rule does not.
func TestEveryMethodAsEveryKindOfCaller(t *testing.T) {
	s := start(t)
	s.must(t, "POST", "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	s.must(t, "POST", "/v1/teams?teamId=mobile", `{"displayName":"Mobile"}`)
	tokens := map[string]string{
		"anonymous": "",
		"outsider":  s.member(t, "aiko", "mobile", "TEAM_ROLE_COACH"),
		"viewer":    s.member(t, "vera", "payments", "TEAM_ROLE_VIEWER"),
		"member":    s.member(t, "jonas", "payments", "TEAM_ROLE_MEMBER"),
		"coach":     s.member(t, "mina", "payments", "TEAM_ROLE_COACH"),
	}
	// allowed says which of these a rule lets in; admins and services are tried where rules are computed.
	allowed := map[commonv1.Access][]string{
		commonv1.Access_ACCESS_PUBLIC:      {"anonymous", "outsider", "viewer", "member", "coach"},
		commonv1.Access_ACCESS_SIGNED_IN:   {"outsider", "viewer", "member", "coach"},
		commonv1.Access_ACCESS_SELF:        {},
		commonv1.Access_ACCESS_TEAM_READER: {"viewer", "member", "coach"},
		commonv1.Access_ACCESS_TEAM_MEMBER: {"member", "coach"},
		commonv1.Access_ACCESS_TEAM_COACH:  {"coach"},
		commonv1.Access_ACCESS_ADMIN:       {},
		commonv1.Access_ACCESS_SERVICE:     {},
	}
	identity := identityv1.NewIdentityServiceClient(s.server.Conn())
	callers := map[string]string{"anonymous": ""}
	for who, token := range tokens {
		if token == "" {
			continue
		}
		answer, err := identity.Authenticate(t.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: token}})
		if err != nil {
			t.Fatal(err)
		}
		callers[who] = answer.GetCallerToken()
	}
	methods := 0
	eachMethod(func(method protoreflect.MethodDescriptor, rule *commonv1.AccessRule) {
		methods++
		may, known := allowed[rule.GetAllow()]
		if !known {
			t.Errorf("%s: no expectation for %s", method.FullName(), rule.GetAllow())
		}
		for who, token := range callers {
			let := contains(may, who)
			code := s.try(t, method, rule.GetResourceField(), token)
			refused := code == codes.PermissionDenied || code == codes.Unauthenticated
			if let && refused && !strings.HasSuffix(string(method.Name()), "Authenticate") && method.Name() != "Bootstrap" {
				t.Errorf("%s refuses a %s with %s", method.FullName(), who, code)
			}
			if !let && !refused {
				t.Errorf("%s lets a %s in: %s", method.FullName(), who, code)
			}
			if who == "anonymous" && !let && code != codes.Unauthenticated {
				t.Errorf("%s answers an anonymous caller %s", method.FullName(), code)
			}
		}
	})
	if methods < 60 {
		t.Errorf("only %d methods were tried", methods)
	}
}

// try calls a method with nothing in the request but the name that decides, of team payments and of a user who is none of
// the callers.
func (s *started) try(t *testing.T, method protoreflect.MethodDescriptor, resourceField, callerToken string) codes.Code {
	t.Helper()
	request := message(t, method.Input())
	if resourceField != "" {
		holder := request.ProtoReflect()
		path := strings.Split(resourceField, ".")
		for _, part := range path[:len(path)-1] {
			holder = holder.Mutable(holder.Descriptor().Fields().ByTextName(part)).Message()
		}
		name := "teams/payments/cycles/first"
		if rule := ruleOf(method); rule.GetAllow() == commonv1.Access_ACCESS_SELF {
			name = "users/somebody"
		}
		holder.Set(holder.Descriptor().Fields().ByTextName(path[len(path)-1]), protoreflect.ValueOfString(name))
	}
	ctx := t.Context()
	if callerToken != "" {
		ctx = caller.OutgoingAs(ctx, callerToken)
	}
	full := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
	if method.IsStreamingServer() {
		stream, err := s.server.Conn().NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, full)
		if err != nil {
			return status.Code(err)
		}
		if err := stream.SendMsg(request); err != nil {
			return status.Code(err)
		}
		_ = stream.CloseSend()
		return status.Code(stream.RecvMsg(message(t, method.Output())))
	}
	return status.Code(s.server.Conn().Invoke(ctx, full, request, message(t, method.Output())))
}

// message is an empty message of the generated type.
func message(t *testing.T, descriptor protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	found, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return found.New().Interface()
}

func eachMethod(try func(protoreflect.MethodDescriptor, *commonv1.AccessRule)) {
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "fortnight.") {
			return true
		}
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				try(methods.Get(j), ruleOf(methods.Get(j)))
			}
		}
		return true
	})
}

func ruleOf(method protoreflect.MethodDescriptor) *commonv1.AccessRule {
	rule, _ := proto.GetExtension(method.Options(), commonv1.E_Access).(*commonv1.AccessRule)
	return rule
}

func contains(list []string, wanted string) bool {
	for _, one := range list {
		if one == wanted {
			return true
		}
	}
	return false
}
