package rpcserver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

// patient bounds waiting for something that must happen.
const patient = 30 * time.Second

func stop(t *testing.T, h *harness) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := h.server.Stop(ctx); err != nil {
		t.Fatalf("Stop: %v", err)
	}
}

func TestHealth(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		client := grpc_health_v1.NewHealthClient(h.conn)
		expect := func(service string, want grpc_health_v1.HealthCheckResponse_ServingStatus) {
			t.Helper()
			answer, err := client.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: service})
			if err != nil || answer.GetStatus() != want {
				t.Errorf("%q: %v %v, want %v", service, answer.GetStatus(), err, want)
			}
		}
		for _, serving := range []bool{true, false, true} {
			want := grpc_health_v1.HealthCheckResponse_NOT_SERVING
			if serving {
				want = grpc_health_v1.HealthCheckResponse_SERVING
			}
			h.server.SetServing(serving)
			expect("", want)
			expect(rpctest.BoxService, want)
		}
		if _, err := client.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: "nowhere"}); status.Code(err) != codes.NotFound {
			t.Errorf("an unknown service is %v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		watch, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if first, err := watch.Recv(); err != nil || first.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("watching: %v %v", first, err)
		}
		stop(t, h)
		for err == nil { // a last NOT_SERVING may come before the end
			var last *grpc_health_v1.HealthCheckResponse
			if last, err = watch.Recv(); err == nil && last.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
				t.Errorf("while stopping: %v", last)
			}
		}
	})
}

func TestHealthBeforeAnybodySaysSo(t *testing.T) {
	server := rpcserver.New(rpcserver.Config{})
	boxes(fine)(server)
	client := grpc_health_v1.NewHealthClient(server.Conn())
	for _, service := range []string{"", rpctest.BoxService} {
		answer, err := client.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil || answer.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			t.Errorf("%q: %v %v", service, answer, err)
		}
	}
}

func TestReflection(t *testing.T) {
	for name, on := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			each(t, rpcserver.Config{Reflection: on}, boxes(fine), func(t *testing.T, h *harness) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				stream, err := grpc_reflection_v1.NewServerReflectionClient(h.conn).ServerReflectionInfo(ctx)
				if err == nil {
					_ = stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
					var answer *grpc_reflection_v1.ServerReflectionResponse
					answer, err = stream.Recv()
					listed := false
					for _, s := range answer.GetListServicesResponse().GetService() {
						listed = listed || s.GetName() == rpctest.BoxService
					}
					if listed != on {
						t.Errorf("lists %v", answer)
					}
				}
				if on && err != nil || !on && status.Code(err) != codes.Unimplemented {
					t.Errorf("got %v", err)
				}
				if err := h.server.Check(); err != nil {
					t.Errorf("Check: %v", err)
				}
			})
		})
	}
}

func TestStopWaitsForCallsAndEndsStreams(t *testing.T) {
	type started struct{ release chan struct{} }
	entered := make(chan started)
	handler := func(ctx context.Context, method string, request proto.Message, stream grpcStream) (proto.Message, error) {
		if stream != nil {
			if err := stream.RecvMsg(rpctest.Request(method, "{}")); err != nil {
				return nil, err
			}
			entered <- started{}
			<-ctx.Done() // as watchers do
			return nil, ctx.Err()
		}
		s := started{make(chan struct{})}
		entered <- s
		<-s.release
		return rpctest.Response(method), nil
	}
	each(t, rpcserver.Config{}, boxes(handler), func(t *testing.T, h *harness) {
		type outcome struct {
			method string
			err    error
		}
		outcomes := make(chan outcome, 2)
		launch := func(method string) started {
			go func() {
				_, err := h.call(h.as(everybody["coach"]), method, requests[method])
				outcomes <- outcome{method, err}
			}()
			return <-entered
		}
		running := launch("Peek")
		launch("WatchBoxes")
		stopped := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			defer cancel()
			stopped <- h.server.Stop(ctx)
		}()
		first := <-outcomes // the stream: the other one is still held
		if first.method != "WatchBoxes" || status.Code(first.err) != codes.Unavailable || reasonOf(t, first.err) != "SERVER_STOPPING" {
			t.Errorf("first came %s: %v", first.method, first.err)
		}
		select {
		case err := <-stopped:
			t.Fatalf("stopped with a call running: %v", err)
		default:
		}
		close(running.release)
		if second := <-outcomes; second.err != nil {
			t.Errorf("the running call: %v", second.err)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Stop: %v", err)
		}
		if _, err := h.call(context.Background(), "Peek", "{}"); status.Code(err) != codes.Unavailable {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestStopIsBounded(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	each(t, rpcserver.Config{}, boxes(func(_ context.Context, method string, _ proto.Message, _ grpcStream) (proto.Message, error) {
		entered <- struct{}{}
		<-release // deaf to everything
		return rpctest.Response(method), nil
	}), func(t *testing.T, h *harness) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = h.call(context.Background(), "Peek", "{}")
		}()
		<-entered
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := h.server.Stop(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Stop: %v", err)
		}
		release <- struct{}{}
		<-done
	})
}

// eventLog is a fake behind generated code.
type eventLog struct {
	eventlogv1.UnimplementedEventLogServiceServer
}

func (eventLog) GetHead(_ context.Context, r *eventlogv1.GetHeadRequest) (*eventlogv1.Head, error) {
	return &eventlogv1.Head{Epoch: r.GetSource(), Sequence: 7}, nil
}

func (eventLog) WatchEvents(r *eventlogv1.WatchEventsRequest, stream grpc.ServerStreamingServer[eventlogv1.WatchEventsResponse]) error {
	for i := range int64(3) {
		if err := stream.Send(&eventlogv1.WatchEventsResponse{Sequence: r.GetAfterSequence() + i + 1}); err != nil {
			return err
		}
	}
	return nil
}

func TestGeneratedServices(t *testing.T) {
	each(t, rpcserver.Config{}, func(r grpc.ServiceRegistrar) { eventlogv1.RegisterEventLogServiceServer(r, eventLog{}) }, func(t *testing.T, h *harness) {
		if err := h.server.Check(); err != nil {
			t.Fatal(err)
		}
		client := eventlogv1.NewEventLogServiceClient(h.conn)
		service := h.as(callertest.Service("knowledge"))
		head, err := client.GetHead(service, &eventlogv1.GetHeadRequest{Source: "cycle"})
		if err != nil || head.GetSequence() != 7 || head.GetEpoch() != "cycle" {
			t.Errorf("got %v %v", head, err)
		}
		if _, err := client.GetHead(service, &eventlogv1.GetHeadRequest{}); reasonOf(t, err) != rpcserver.ReasonValidation {
			t.Errorf("without a source: %v", err)
		}
		if _, err := client.GetHead(h.as(everybody["admin"]), &eventlogv1.GetHeadRequest{Source: "cycle"}); status.Code(err) != codes.PermissionDenied {
			t.Errorf("as an admin: %v", err)
		}
		if _, err := client.ListEvents(service, &eventlogv1.ListEventsRequest{Source: "cycle"}); status.Code(err) != codes.Unimplemented {
			t.Errorf("not implemented: %v", err)
		}
		watch := func(ctx context.Context) (sum int64, err error) {
			stream, err := client.WatchEvents(ctx, &eventlogv1.WatchEventsRequest{Source: "cycle", AfterSequence: 10})
			for err == nil {
				var r *eventlogv1.WatchEventsResponse
				if r, err = stream.Recv(); err == nil {
					sum += r.GetSequence()
				}
			}
			return sum, err
		}
		if sum, err := watch(h.as(everybody["viewer"])); sum != 11+12+13 || err.Error() != "EOF" {
			t.Errorf("watched %d, then %v", sum, err)
		}
		if sum, err := watch(context.Background()); sum != 0 || status.Code(err) != codes.Unauthenticated {
			t.Errorf("nobody watched %d, then %v", sum, err)
		}
	})
}

func BenchmarkCall(b *testing.B) {
	for name, inside := range map[string]bool{"in process": true, "tcp": false} {
		b.Run(name, func(b *testing.B) {
			h := start(b, rpcserver.Config{Logger: slog.New(slog.DiscardHandler)}, func(r grpc.ServiceRegistrar) { eventlogv1.RegisterEventLogServiceServer(r, eventLog{}) }, inside)
			if err := h.server.Check(); err != nil {
				b.Fatal(err)
			}
			client := eventlogv1.NewEventLogServiceClient(h.conn)
			ctx, request := h.as(callertest.Service("knowledge")), &eventlogv1.GetHeadRequest{Source: "cycle"}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.GetHead(ctx, request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}

	auth := callertest.New(nil)
	server := rpcserver.New(rpcserver.Config{Verifier: auth.Verifier, TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}})
	boxes(fine)(server)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(lis) }()
	for name, c := range map[string]struct {
		secure *tls.Config
		want   codes.Code
	}{
		"both have certificates":  {&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{certificate}}, codes.OK},
		"no client certificate":   {&tls.Config{RootCAs: pool}, codes.Unavailable},
		"the server is a strange": {&tls.Config{RootCAs: x509.NewCertPool(), Certificates: []tls.Certificate{certificate}}, codes.Unavailable},
		"plain text":              {nil, codes.Unavailable},
		"TLS 1.2 is raised":       {&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, codes.OK},
	} {
		t.Run(name, func(t *testing.T) {
			var secure func() *tls.Config
			if c.secure != nil {
				secure = func() *tls.Config { return c.secure }
			}
			conn, err := rpcserver.Dial(lis.Addr().String(), secure, false)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, err = call(context.Background(), conn, "Peek", rpctest.Request("Peek", "{}"))
			if got := status.Code(err); got != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
