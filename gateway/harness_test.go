package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway"
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

const (
	minaToken  = "fn_mina"
	minaCaller = "caller-token-of-mina"
)

// world is a gateway with fake services behind it, reached over HTTP and gRPC.
type world struct {
	t       *testing.T
	gateway *gateway.Gateway
	url     string
	conn    func(string) grpc.ClientConnInterface

	identity   *fakeIdentity
	cycle      *fakeCycle
	experiment *fakeExperiment
	log        *fakeLog

	mu    sync.Mutex
	calls []call
}

// call is what has arrived at a service.
type call struct {
	method  string
	md      metadata.MD
	request proto.Message
}

func newWorld(t *testing.T, change ...func(*gateway.Config)) *world {
	t.Helper()
	w := &world{t: t, identity: newFakeIdentity(), cycle: &fakeCycle{}, experiment: &fakeExperiment{}, log: newFakeLog()}
	server := grpc.NewServer(grpc.UnaryInterceptor(w.record), grpc.UnknownServiceHandler(w.unknown))
	identityv1.RegisterIdentityServiceServer(server, w.identity)
	cyclev1.RegisterCycleServiceServer(server, w.cycle)
	experimentv1.RegisterExperimentServiceServer(server, w.experiment)
	eventlogv1.RegisterEventLogServiceServer(server, w.log)
	listener := bufconn.Listen(1 << 20)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn := dial(t, listener.DialContext)

	w.conn = func(string) grpc.ClientConnInterface { return conn }
	config := gateway.Config{
		Conn: w.conn, EventSources: []string{"cycle", "knowledge"},
		Version: "1.2.3", Commit: "abc", RetryBudget: 2 * time.Second,
	}
	for _, c := range change {
		c(&config)
	}
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.gateway = g
	front := httptest.NewServer(g.Handler())
	t.Cleanup(front.Close)
	t.Cleanup(g.Close)
	w.url = front.URL
	return w
}

func dial(t *testing.T, dialer func(context.Context) (net.Conn, error)) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///services", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return dialer(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (w *world) record(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	w.mu.Lock()
	w.calls = append(w.calls, call{info.FullMethod, md, request.(proto.Message)})
	w.mu.Unlock()
	return handler(ctx, request)
}

func (w *world) unknown(_ any, stream grpc.ServerStream) error {
	md, _ := metadata.FromIncomingContext(stream.Context())
	method, _ := grpc.MethodFromServerStream(stream)
	w.mu.Lock()
	w.calls = append(w.calls, call{method: method, md: md})
	w.mu.Unlock()
	return fail(codes.Unauthenticated, "UNAUTHENTICATED", "Sign in first.")
}

// last is the last call other than of Authenticate.
func (w *world) last() call {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.calls) - 1; i >= 0; i-- {
		if !strings.HasSuffix(w.calls[i].method, "/Authenticate") {
			return w.calls[i]
		}
	}
	w.t.Fatal("no call has arrived at a service")
	return call{}
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if !strings.HasSuffix(c.method, "/Authenticate") {
			n++
		}
	}
	return n
}

// answer is what the gateway has answered.
type answer struct {
	*http.Response
	body string
}

// do sends a request as mina; headers are name, value, name, value. An empty value takes a header away.
func (w *world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+minaToken)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Del(headers[i])
		if headers[i+1] != "" {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{response, string(text)}
}

// problem is a problem body.
type problem struct {
	Type, Title, Detail, Instance, Code, Reason, Domain string
	Status                                              int
	Metadata                                            map[string]string
	Violations                                          []struct{ Field, Reason, Description, Link string }
}

func (a answer) problem(t *testing.T) problem {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("content type %q, status %d, body %s", got, a.StatusCode, a.body)
	}
	var p problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if p.Status != a.StatusCode || p.Title == "" || p.Domain != "fortnight" || !strings.HasSuffix(p.Type, "/docs/errors/"+p.Reason) {
		t.Errorf("an incomplete problem: %s", a.body)
	}
	return p
}

func (a answer) wantProblem(t *testing.T, status int, reason string) problem {
	t.Helper()
	p := a.problem(t)
	if p.Status != status || p.Reason != reason {
		t.Errorf("got %d %s, want %d %s: %s", p.Status, p.Reason, status, reason, a.body)
	}
	return p
}

func (a answer) wantOK(t *testing.T) {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
}

// fail is an error as our services answer it.
func fail(code codes.Code, reason, message string, details ...protoadapt.MessageV1) error {
	st, err := status.New(code, message).WithDetails(append([]protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: reason, Domain: "fortnight", Metadata: map[string]string{"key": "value"}},
	}, details...)...)
	if err != nil {
		return err
	}
	return st.Err()
}

// fakeIdentity knows tokens, and who changes something.
type fakeIdentity struct {
	identityv1.UnimplementedIdentityServiceServer
	mu      sync.Mutex
	callers map[string]string
	asked   int
	audit   fakeAudit
	// failing is what Authenticate answers instead.
	failing error
	signIns
}

func newFakeIdentity() *fakeIdentity {
	return &fakeIdentity{callers: map[string]string{minaToken: minaCaller}, signIns: newSignIns()}
}

func (f *fakeIdentity) set(token, caller string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.callers[token] = caller
}

func (f *fakeIdentity) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fakeIdentity) Authenticate(_ context.Context, r *identityv1.AuthenticateRequest) (*identityv1.AuthenticateResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.failing != nil {
		return nil, f.failing
	}
	caller, subject := f.callers[r.GetToken()], ""
	if _, ok := r.GetCredential().(*identityv1.AuthenticateRequest_Session); ok {
		if caller = f.sessions[r.GetSession()]; caller == "" {
			return nil, fail(codes.Unauthenticated, "SESSION_INVALID", "The session is over. Sign in again.")
		}
		subject = "users/" + caller
	}
	if caller == "" {
		return nil, fail(codes.Unauthenticated, "TOKEN_INVALID", "The token is unknown, expired or revoked.")
	}
	return &identityv1.AuthenticateResponse{CallerToken: caller, Subject: subject, ExpireTime: timestamppb.New(time.Now().Add(time.Minute))}, nil
}

func (f *fakeIdentity) UpdateTeam(_ context.Context, r *identityv1.UpdateTeamRequest) (*identityv1.Team, error) {
	return r.GetTeam(), nil
}

func (f *fakeIdentity) GetTeam(_ context.Context, r *identityv1.GetTeamRequest) (*identityv1.Team, error) {
	return &identityv1.Team{Name: r.GetName(), Etag: `"e-1"`}, nil
}

func (f *fakeIdentity) CreateToken(context.Context, *identityv1.CreateTokenRequest) (*identityv1.Token, error) {
	return &identityv1.Token{Secret: "fn_new"}, nil
}

func (f *fakeIdentity) DeleteMember(context.Context, *identityv1.DeleteMemberRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// fakeCycle answers what a test wants; without a wish it answers with a cycle.
type fakeCycle struct {
	cyclev1.UnimplementedCycleServiceServer
	mu  sync.Mutex
	err error
	// errs are answered one after the other before err.
	errs   []error
	replay bool
	next   string
}

func (f *fakeCycle) answer(ctx context.Context, name string) (*cyclev1.Cycle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.replay {
		_ = grpc.SetHeader(ctx, metadata.Pairs("idempotency-replayed", "true", "x-internal", "secret"))
	}
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		return nil, err
	}
	if f.err != nil {
		return nil, f.err
	}
	return &cyclev1.Cycle{Name: name, Etag: `"3f2a91c0-7"`}, nil
}

func (f *fakeCycle) GetCycle(ctx context.Context, r *cyclev1.GetCycleRequest) (*cyclev1.Cycle, error) {
	return f.answer(ctx, r.GetName())
}

func (f *fakeCycle) CreateCycle(ctx context.Context, r *cyclev1.CreateCycleRequest) (*cyclev1.Cycle, error) {
	return f.answer(ctx, r.GetParent()+"/cycles/new")
}

func (f *fakeCycle) UpdateCycle(ctx context.Context, r *cyclev1.UpdateCycleRequest) (*cyclev1.Cycle, error) {
	return f.answer(ctx, r.GetCycle().GetName())
}

func (f *fakeCycle) AdvanceCycle(ctx context.Context, r *cyclev1.AdvanceCycleRequest) (*cyclev1.Cycle, error) {
	return f.answer(ctx, r.GetName())
}

func (f *fakeCycle) ListCycles(context.Context, *cyclev1.ListCyclesRequest) (*cyclev1.ListCyclesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &cyclev1.ListCyclesResponse{NextPageToken: f.next}, nil
}

// fakeExperiment takes measurements.
type fakeExperiment struct {
	stream func(grpc.ClientStreamingServer[experimentv1.StreamMeasurementsRequest, experimentv1.ImportMeasurementsResponse]) error
	// receive takes deliveries; nil takes none.
	receive func(*experimentv1.ReceiveDeliveryRequest) (*experimentv1.ReceiveDeliveryResponse, error)
	experimentv1.UnimplementedExperimentServiceServer
}

func (f *fakeExperiment) ReceiveDelivery(_ context.Context, r *experimentv1.ReceiveDeliveryRequest) (*experimentv1.ReceiveDeliveryResponse, error) {
	return f.receive(r)
}

func (f *fakeExperiment) ImportMeasurements(context.Context, *experimentv1.ImportMeasurementsRequest) (*experimentv1.ImportMeasurementsResponse, error) {
	return &experimentv1.ImportMeasurementsResponse{}, nil
}

func (f *fakeExperiment) CreateExperiment(_ context.Context, r *experimentv1.CreateExperimentRequest) (*experimentv1.Experiment, error) {
	return r.GetExperiment(), nil
}

func (f *fakeExperiment) StreamMeasurements(stream grpc.ClientStreamingServer[experimentv1.StreamMeasurementsRequest, experimentv1.ImportMeasurementsResponse]) error {
	return f.stream(stream)
}
