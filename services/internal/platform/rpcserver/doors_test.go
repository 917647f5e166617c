package rpcserver_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/access"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// people is an identity service that tells who was let in.
type people struct {
	identityv1.UnimplementedIdentityServiceServer
	entered atomic.Pointer[caller.Caller]
}

func (p *people) GetCaller(ctx context.Context, _ *identityv1.GetCallerRequest) (*identityv1.Caller, error) {
	who := caller.From(ctx)
	p.entered.Store(&who)
	return &identityv1.Caller{User: who.Subject}, nil
}

// Who reaches a service's port gets in with a genuine token for that service, and with nothing else. What is refused gets
// the reason and no more.
func TestTheDoorOfAService(t *testing.T) {
	now := time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	auth := callertest.New(clock)
	service := &people{}
	register := func(r grpc.ServiceRegistrar) { identityv1.RegisterIdentityServiceServer(r, service) }
	each(t, rpcserver.Config{Verifier: auth.Verifier}, register, func(t *testing.T, h *harness) {
		mint := func(a *callertest.Authority, audience ...string) string {
			c := callertest.Admin("mina")
			c.Audience = audience
			token, _, err := a.Minter.Mint(c)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		later := callertest.New(func() time.Time { return now.Add(-caller.Lifetime) })
		late := &caller.Minter{KeyID: auth.Minter.KeyID, Key: auth.Minter.Key, Clock: later.Minter.Clock}
		expired, _, err := late.Mint(callertest.Admin("mina"))
		if err != nil {
			t.Fatal(err)
		}
		genuine := mint(auth)
		_, claims, _ := strings.Cut(genuine, ".")
		claims, _, _ = strings.Cut(claims, ".")
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+auth.Minter.KeyID+`"}`)) + "." + claims + "."
		for name, c := range map[string]struct {
			metadata []string
			want     string
		}{
			"genuine, for everybody":     {[]string{caller.MetadataKey, genuine}, ""},
			"genuine, for this service":  {[]string{caller.MetadataKey, mint(auth, "identity")}, ""},
			"for several, this included": {[]string{caller.MetadataKey, mint(auth, "cycle", "identity")}, ""},
			"none":                       {nil, access.ReasonUnauthenticated},
			"for another service":        {[]string{caller.MetadataKey, mint(auth, "cycle")}, caller.ReasonInvalid},
			"for several others":         {[]string{caller.MetadataKey, mint(auth, "cycle", "report")}, caller.ReasonInvalid},
			"signed by another":          {[]string{caller.MetadataKey, mint(callertest.New(clock))}, caller.ReasonInvalid},
			"algorithm none":             {[]string{caller.MetadataKey, none}, caller.ReasonInvalid},
			"expired":                    {[]string{caller.MetadataKey, expired}, caller.ReasonExpired},
			"two genuine ones":           {[]string{caller.MetadataKey, genuine, caller.MetadataKey, genuine}, caller.ReasonInvalid},
			"a forged and a genuine one": {[]string{caller.MetadataKey, none, caller.MetadataKey, genuine}, caller.ReasonInvalid},
			"an API token for the token": {[]string{caller.MetadataKey, "fn_0123456789abcdef"}, caller.ReasonInvalid},
			"an API token":               {[]string{"authorization", "Bearer fn_0123456789abcdef"}, access.ReasonUnauthenticated},
			"the token as a bearer":      {[]string{"authorization", "Bearer " + genuine}, access.ReasonUnauthenticated},
			"headers of a proxy":         {[]string{"x-user-id", "users/mina", "x-forwarded-user", "mina", "x-forwarded-for", "127.0.0.1"}, access.ReasonUnauthenticated},
			"metadata through a gateway": {[]string{"grpc-metadata-fortnight-caller", genuine, "grpcgateway-authorization", "Bearer " + genuine}, access.ReasonUnauthenticated},
			"a door that is trusted":     {[]string{"fortnight-origin", "program 127.0.0.1"}, access.ReasonUnauthenticated},
			"claims as metadata":         {[]string{"sub", "users/mina", "admin", "true", "svc", "true"}, access.ReasonUnauthenticated},
		} {
			t.Run(name, func(t *testing.T) {
				service.entered.Store(nil)
				var trailer metadata.MD
				_, err := identityv1.NewIdentityServiceClient(h.conn).GetCaller(metadata.AppendToOutgoingContext(context.Background(), c.metadata...), &identityv1.GetCallerRequest{}, grpc.Trailer(&trailer))
				who := service.entered.Load()
				if c.want == "" {
					if err != nil || who == nil || who.Subject != "users/mina" || !who.Admin {
						t.Errorf("%+v, %v", who, err)
					}
					return
				}
				if who != nil {
					t.Fatalf("let in as %+v", who)
				}
				if status.Code(err) != codes.Unauthenticated || reasonOf(t, err) != c.want {
					t.Errorf("got %v", err)
				}
				if st := status.Convert(err); len(st.Details()) != 1 || strings.Contains(st.Message(), "key") || strings.Contains(st.Message(), "alg") || strings.Contains(st.Message(), "aud") {
					t.Errorf("told too much: %q %v", st.Message(), st.Details())
				}
				delete(trailer, "content-type")
				delete(trailer, "grpc-status-details-bin")
				if len(trailer) > 0 {
					t.Errorf("told beside it: %v", trailer)
				}
			})
		}
	})
}

// The largest token there may be passes; the server's limit on metadata is above it.
func TestTheLargestTokenPasses(t *testing.T) {
	seen := &people{}
	each(t, rpcserver.Config{}, func(r grpc.ServiceRegistrar) { identityv1.RegisterIdentityServiceServer(r, seen) }, func(t *testing.T, h *harness) {
		for name, length := range map[string]int{"1,000 open teams": 20, "nearly too long": 33} {
			c := callertest.User("mina", "payments", caller.Coach)
			for i := range 1000 {
				c.OpenTeams = append(c.OpenTeams, fmt.Sprintf("%0*d", length, i))
			}
			for range 3 { // the same metadata again on one connection
				if _, err := identityv1.NewIdentityServiceClient(h.conn).GetCaller(h.as(c), &identityv1.GetCallerRequest{}); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if who := seen.entered.Load(); len(who.OpenTeams) != 1000 || len(who.Token) > caller.MaxToken {
				t.Errorf("%s: %d teams, %d bytes", name, len(who.OpenTeams), len(who.Token))
			}
		}
	})
}

// A path without its slash must not slip past a rule that is looked up by the path (CVE-2026-33186).
func TestPathsThatAreSpelledOtherwise(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered := &people{}
	server := rpcserver.New(rpcserver.Config{Verifier: callertest.New(nil).Verifier})
	identityv1.RegisterIdentityServiceServer(server, entered)
	served := make(chan error, 1)
	go func() { served <- server.Serve(lis) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = server.Stop(ctx)
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	for path, want := range map[string]codes.Code{
		"/fortnight.identity.v1.IdentityService/GetCaller":   codes.Unauthenticated,
		"fortnight.identity.v1.IdentityService/GetCaller":    codes.Unimplemented,
		"//fortnight.identity.v1.IdentityService/GetCaller":  codes.Unimplemented,
		"/fortnight.identity.v1.IdentityService//GetCaller":  codes.Unimplemented,
		"/fortnight.identity.v1.IdentityService/getcaller":   codes.Unimplemented,
		"/fortnight.identity.v1.IdentityService/GetCaller/":  codes.Unimplemented,
		"/fortnight.identity.v1.IdentityService%2FGetCaller": codes.Unimplemented,
		"GetCaller": codes.Unimplemented,
		"/":         codes.Unimplemented,
	} {
		t.Run(path, func(t *testing.T) {
			if got := rawCall(t, lis.Addr().String(), path); got != want {
				t.Errorf("%v, want %v", got, want)
			}
			if who := entered.entered.Load(); who != nil {
				t.Errorf("let in as %+v", who)
			}
		})
	}
}

// rawCall sends one call without a token in frames of its own, so that no client library corrects the path.
func rawCall(t *testing.T, addr, path string) codes.Code {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patient)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":path", Value: path},
		{Name: ":authority", Value: "identity"},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "te", Value: "trailers"},
	} {
		if err := encoder.WriteField(field); err != nil {
			t.Fatal(err)
		}
	}
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	if err := framer.WriteData(1, true, make([]byte, 5)); err != nil { // an empty message
		t.Fatal(err)
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			for _, field := range frame.Fields {
				if field.Name == "grpc-status" {
					var code codes.Code
					if err := code.UnmarshalJSON([]byte(field.Value)); err != nil {
						t.Fatal(err)
					}
					return code
				}
			}
		case *http2.RSTStreamFrame:
			t.Fatalf("%s: the stream was reset: %v", path, frame.ErrCode)
		}
	}
}
