package rpcserver_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/access"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

var everybody = map[string]caller.Caller{
	"anonymous": {},
	"member":    callertest.User("mo", "payments", caller.Member),
	"coach":     callertest.User("mo", "payments", caller.Coach),
	"viewer":    callertest.User("mo", "payments", caller.Viewer),
	"stranger":  callertest.User("mo", "search", caller.Coach),
	"the user":  callertest.User("mina", "", ""),
	"manager":   callertest.Manager("mo"),
	"admin":     callertest.Admin("mo"),
	"service":   callertest.Service("cycle"),
}

// requests are valid requests of every method.
var requests = map[string]string{
	"GetBox":     `{"name":"teams/payments/boxes/b"}`,
	"GetSeal":    `{"name":"teams/payments/boxes/b/seal"}`,
	"CreateBox":  `{"parent":"teams/payments","box":{"title":"t"}}`,
	"ListStamps": `{"parent":"teams/payments/boxes/-/seal"}`,
	"UpdateBox":  `{"box":{"name":"teams/payments/boxes/b","title":"t"}}`,
	"UpdateLid":  `{"parent":"teams/payments"}`,
	"Greet":      `{"name":"users/mina"}`,
	"Peek":       `{}`,
	"Enter":      `{}`,
	"Rule":       `{}`,
	"Sync":       `{}`,
	"WatchBoxes": `{"name":"teams/payments/boxes/b"}`,
	"PackBoxes":  `{"parent":"teams/payments","box":{"title":"t"}}`,
}

func TestEveryMethodAsEverybody(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		methods := rpctest.File.Services().ByName("BoxService").Methods()
		for i := range methods.Len() {
			method := string(methods.Get(i).Name())
			rule, err := access.RuleOf(methods.Get(i))
			if err != nil {
				t.Fatal(err)
			}
			resource := rule.Resource(rpctest.Request(method, requests[method]).ProtoReflect())
			for name, c := range everybody {
				_, err := h.call(h.as(c), method, requests[method])
				want := ""
				if !access.Allowed(rule, c, resource) {
					want = access.ReasonDenied
					if c.Anonymous() {
						want = access.ReasonUnauthenticated
					}
				}
				if got := reasonOf(t, err); got != want {
					t.Errorf("%s as %s: %q, want %q", method, name, got, want)
				}
			}
		}
	})
}

func TestRefusalsHaveTheRightCode(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		for name, want := range map[string]codes.Code{"anonymous": codes.Unauthenticated, "stranger": codes.PermissionDenied, "viewer": codes.OK} {
			for _, method := range []string{"GetBox", "WatchBoxes"} {
				_, err := h.call(h.as(everybody[name]), method, requests[method])
				if got := status.Code(err); got != want {
					t.Errorf("%s as %s: %v, want %v", method, name, got, want)
				}
			}
		}
		_, err := h.call(context.Background(), "GetBox", requests["GetBox"])
		if !strings.Contains(status.Convert(err).Message(), "Authorization: Bearer") {
			t.Errorf("nobody is told how to sign in: %v", err)
		}
	})
}

func TestAccessIsDecidedBeforeTheRequestIsLookedAt(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		invalid := `{"parent":"teams/payments","box":{"title":""}}`
		if _, err := h.call(h.as(everybody["stranger"]), "CreateBox", invalid); status.Code(err) != codes.PermissionDenied {
			t.Errorf("a stranger learns %v", err)
		}
		if _, err := h.call(h.as(everybody["member"]), "CreateBox", invalid); status.Code(err) != codes.InvalidArgument {
			t.Errorf("a member learns %v", err)
		}
	})
}

func TestOnlyTheSignedTokenSaysWhoCalls(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		token := func(a *callertest.Authority) string {
			token, _, err := a.Minter.Mint(callertest.Admin("mo"))
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		good := token(h.auth)
		for name, c := range map[string]struct {
			metadata []string
			want     string
		}{
			"genuine":             {[]string{caller.MetadataKey, good}, ""},
			"upper case key":      {[]string{"Fortnight-Caller", good}, ""},
			"none":                {nil, access.ReasonUnauthenticated},
			"empty":               {[]string{caller.MetadataKey, ""}, access.ReasonUnauthenticated},
			"signed by another":   {[]string{caller.MetadataKey, token(callertest.New(nil))}, caller.ReasonInvalid},
			"two tokens":          {[]string{caller.MetadataKey, good, caller.MetadataKey, good}, caller.ReasonInvalid},
			"plain text":          {[]string{caller.MetadataKey, "users/mo"}, caller.ReasonInvalid},
			"headers of a proxy":  {[]string{"x-user-id", "users/mo", "x-forwarded-for", "127.0.0.1", "x-forwarded-user", "mo"}, access.ReasonUnauthenticated},
			"header of a gateway": {[]string{"grpc-metadata-fortnight-caller", good}, access.ReasonUnauthenticated},
			"bearer token":        {[]string{"authorization", "Bearer " + good}, access.ReasonUnauthenticated},
			"other claims":        {[]string{"subject", "users/mo", "admin", "true"}, access.ReasonUnauthenticated},
		} {
			t.Run(name, func(t *testing.T) {
				ctx := metadata.AppendToOutgoingContext(context.Background(), c.metadata...)
				for _, method := range []string{"Rule", "WatchBoxes"} {
					_, err := h.call(ctx, method, requests[method])
					if got := reasonOf(t, err); got != c.want {
						t.Errorf("%s: %q, want %q", method, got, c.want)
					}
				}
			})
		}
		t.Run("a bad token is refused even where none is needed", func(t *testing.T) {
			ctx := metadata.AppendToOutgoingContext(context.Background(), caller.MetadataKey, good+"x")
			if _, err := h.call(ctx, "Peek", "{}"); reasonOf(t, err) != caller.ReasonInvalid {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestHandlersKnowTheCaller(t *testing.T) {
	seen := make(chan caller.Caller, 1)
	handler := func(ctx context.Context, method string, request proto.Message, stream grpc.ServerStream) (proto.Message, error) {
		seen <- caller.From(ctx)
		return fine(ctx, method, request, stream)
	}
	each(t, rpcserver.Config{}, boxes(handler), func(t *testing.T, h *harness) {
		// A value in the client's context is not the caller; only the token is.
		pretender := caller.With(h.as(everybody["coach"]), callertest.Admin("pretender"))
		for _, method := range []string{"GetBox", "WatchBoxes"} {
			if _, err := h.call(pretender, method, requests[method]); err != nil {
				t.Fatal(err)
			}
			if got := <-seen; got.Subject != "users/mo" || got.Admin || got.Teams["payments"] != caller.Coach || got.Token == "" {
				t.Errorf("%s: %+v", method, got)
			}
		}
	})
}

func TestStreamsThatDodgeTheDecision(t *testing.T) {
	silent := func(context.Context, string, proto.Message, grpc.ServerStream) (proto.Message, error) {
		return nil, nil
	}
	hasty := func(_ context.Context, method string, _ proto.Message, stream grpc.ServerStream) (proto.Message, error) {
		return nil, stream.SendMsg(rpctest.Response(method))
	}
	for name, handler := range map[string]rpctest.Handler{"answers nothing": silent, "answers at once": hasty} {
		t.Run(name, func(t *testing.T) {
			each(t, rpcserver.Config{}, boxes(handler), func(t *testing.T, h *harness) {
				if _, err := h.call(h.as(everybody["stranger"]), "WatchBoxes", requests["WatchBoxes"]); status.Code(err) != codes.Internal {
					t.Errorf("got %v", err)
				}
			})
		})
	}
	t.Run("nothing sent", func(t *testing.T) {
		each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
			ctx, cancel := context.WithCancel(h.as(everybody["member"]))
			defer cancel()
			stream, err := h.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, rpctest.Path("PackBoxes"))
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.CloseSend(); err != nil {
				t.Fatal(err)
			}
			if err := stream.RecvMsg(rpctest.Response("PackBoxes")); reasonOf(t, err) != access.ReasonDenied {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("second message for another team", func(t *testing.T) {
		both := func(_ context.Context, method string, _ proto.Message, stream grpc.ServerStream) (proto.Message, error) {
			for range 2 {
				if err := stream.RecvMsg(rpctest.Request(method, "{}")); err != nil {
					return nil, err
				}
			}
			return nil, stream.SendMsg(rpctest.Response(method))
		}
		each(t, rpcserver.Config{}, boxes(both), func(t *testing.T, h *harness) {
			for second, want := range map[string]string{"teams/payments": "", "teams/search": access.ReasonDenied} {
				ctx, cancel := context.WithCancel(h.as(everybody["member"]))
				stream, err := h.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, rpctest.Path("PackBoxes"))
				if err != nil {
					t.Fatal(err)
				}
				for _, parent := range []string{"teams/payments", second} {
					if err := stream.SendMsg(rpctest.Request("PackBoxes", `{"parent":"`+parent+`","box":{"title":"t"}}`)); err != nil {
						t.Fatal(err)
					}
				}
				if got := reasonOf(t, stream.RecvMsg(rpctest.Response("PackBoxes"))); got != want {
					t.Errorf("%s: %q, want %q", second, got, want)
				}
				cancel()
			}
		})
	})
}

func TestARefusedStreamDoesNotLookLikeItsEnd(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		for range 30 { // whether the refusal is there before the request is a matter of luck
			ctx, cancel := context.WithCancel(context.Background())
			stream, err := h.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, rpctest.Path("WatchBoxes"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Header(); err != nil && status.Code(err) != codes.Unauthenticated {
				t.Fatal(err)
			}
			if err := stream.SendMsg(rpctest.Request("WatchBoxes", requests["WatchBoxes"])); err != nil {
				t.Fatalf("sending: %v", err)
			}
			if err := stream.RecvMsg(rpctest.Response("WatchBoxes")); status.Code(err) != codes.Unauthenticated {
				t.Fatalf("receiving: %v", err)
			}
			cancel()
		}
	})
}

func TestCheckRefusesContractsWithoutAccess(t *testing.T) {
	loose := func(r grpc.ServiceRegistrar) { rpctest.Register(r, rpctest.LooseService, fine) }
	h := start(t, rpcserver.Config{}, loose, true)
	err := h.server.Check()
	if err == nil {
		t.Fatal("nothing to complain about")
	}
	for _, method := range []string{"Loose", "Vague", "Overdone", "Astray", "Blunt", "Plural"} {
		if !strings.Contains(err.Error(), "LooseService."+method) {
			t.Errorf("%s is not named: %v", method, err)
		}
	}
	// And who starts nevertheless gets nothing done.
	if _, err := h.call(h.as(everybody["admin"]), "Loose", "{}"); status.Code(err) != codes.Internal {
		t.Errorf("a method without a rule answers %v", err)
	}
	if err := start(t, rpcserver.Config{Reflection: true}, boxes(fine), true).server.Check(); err != nil {
		t.Errorf("a complete contract: %v", err)
	}
}

func TestCheckRefusesServicesWithoutContract(t *testing.T) {
	h := start(t, rpcserver.Config{}, func(r grpc.ServiceRegistrar) {
		r.RegisterService(&grpc.ServiceDesc{ServiceName: "nowhere.v1.NoService", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: "Do"}}}, struct{}{})
	}, true)
	if err := h.server.Check(); err == nil || !strings.Contains(err.Error(), "nowhere.v1.NoService/Do has no contract") {
		t.Errorf("got %v", err)
	}
}

func TestPlainTextStaysOnThisMachine(t *testing.T) {
	listen := func(t *testing.T, network, address string) net.Listener {
		lis, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		return lis
	}
	for name, c := range map[string]struct {
		network, address string
		allow            bool
		refused          bool
	}{
		"loopback":        {"tcp", "127.0.0.1:0", false, false},
		"everywhere":      {"tcp", "0.0.0.0:0", false, true},
		"allowed":         {"tcp", "0.0.0.0:0", true, false},
		"a socket file":   {"unix", t.TempDir() + "/s", false, false},
		"all, both kinds": {"tcp", ":0", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			lis := listen(t, c.network, c.address)
			server := rpcserver.New(rpcserver.Config{AllowPlaintext: c.allow})
			if !c.refused {
				// Stopped beforehand, so that Serve returns at once when it does not refuse.
				if err := server.Stop(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			err := server.Serve(lis)
			if (err != nil) != c.refused {
				t.Errorf("got %v", err)
			}
			if _, err := lis.Accept(); err == nil {
				t.Error("still listening")
			}
		})
	}
	for target, refused := range map[string]bool{
		"127.0.0.1:9000": false, "localhost:9000": false, "[::1]:9000": false, "unix:/run/s": false, "dns:///127.0.0.1:1": false, "passthrough:///localhost:1": false,
		"10.0.0.1:9000": true, "identity:9000": true, "dns:///identity:9000": true, "localhost.example.com:1": true, "dns://127.0.0.1/identity:9000": true,
	} {
		conn, err := rpcserver.Dial(target, nil, false)
		if (err != nil) != refused {
			t.Errorf("calling %s: %v", target, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	conn, err := rpcserver.Dial("identity:9000", nil, true)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
