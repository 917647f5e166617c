// Package rpcserver runs gRPC services in process and over TCP with one chain of interceptors: whoever calls, and
// however, the same checks happen in the same order. A call passes: recover, log, trace, caller, access, deadline, resource
// names and validation, handler; then its fault becomes a gRPC status.
package rpcserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"buf.build/go/protovalidate"
	"github.com/fullstorydev/grpchan/inprocgrpc"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// Limits of the TCP listener.
const (
	maxReceive     = 4 << 20
	maxHeaders     = 64 << 10
	maxStreams     = 250
	keepaliveLeast = 10 * time.Second // clients that ping more often are disconnected
	// connectionAge is when clients are told to connect anew, so that a certificate that ended or lost its authority does
	// not live on in a connection. Calls and streams that are under way are not cut off.
	connectionAge = time.Hour
)

// DefaultDeadline bounds unary calls whose caller set no deadline.
const DefaultDeadline = 10 * time.Second

// Config is what a Server needs. The zero value of every field but Verifier is usable; without a Verifier every caller
// token is refused.
type Config struct {
	// Logger gets one line per call; slog.Default when nil.
	Logger *slog.Logger
	// Verifier turns caller tokens into callers.
	Verifier *caller.Verifier
	// Clock measures calls; time.Now when nil.
	Clock func() time.Time
	// Reflection lets clients ask for the contracts (grpc.reflection).
	Reflection bool
	// TLS secures Serve. Without it Serve refuses addresses beyond loopback, unless AllowPlaintext is true.
	TLS            *tls.Config
	AllowPlaintext bool
	// Deadline bounds unary calls whose caller set none; DefaultDeadline when 0.
	Deadline time.Duration
	// TracerProvider records one span per call; none when nil. Trace ids are passed on in any case.
	TracerProvider trace.TracerProvider
	// ObserveCall, when set, is told of every answered call: full method without the leading slash, status code in
	// UPPER_SNAKE, time taken.
	ObserveCall func(method, code string, took time.Duration)
	// Denied, when set, is told of every call that was refused because of who called, before the answer leaves: what it waits
	// for, the caller waits for.
	Denied func(ctx context.Context, d Denial)
}

// Server holds the services of one process. Register everything, then Check, then call through Conn or Serve.
type Server struct {
	cfg     Config
	tracer  trace.Tracer
	names   *names.Checker
	methods map[string]*method
	broken  []error // why Check fails

	validator protovalidate.Validator
	grpc      *grpc.Server
	channel   *inprocgrpc.Channel
	health    *health.Server

	// stopping is done when Stop began: streams end. stopped is true once it is over: calls are refused.
	stopping context.Context
	stop     context.CancelFunc
	stopped  atomic.Bool
	inFlight atomic.Int64
	draining atomic.Bool
	idle     chan struct{}
}

var _ grpc.ServiceRegistrar = (*Server)(nil)

// New returns a server with the health service, NOT_SERVING until SetServing(true), and with reflection if wanted.
func New(cfg Config) *Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Deadline == 0 {
		cfg.Deadline = DefaultDeadline
	}
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = noop.NewTracerProvider()
	}
	s := &Server{
		cfg:     cfg,
		tracer:  cfg.TracerProvider.Tracer("github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"),
		methods: map[string]*method{},
		channel: &inprocgrpc.Channel{},
		health:  health.NewServer(),
		idle:    make(chan struct{}, 1),
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	var err error
	if s.names, err = names.New(protoregistry.GlobalFiles); err != nil {
		s.broken = append(s.broken, err)
	}
	if s.validator, err = validator(); err != nil {
		s.broken = append(s.broken, err)
	}

	live := keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: 2 * time.Minute, Timeout: 20 * time.Second}
	options := []grpc.ServerOption{
		grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream),
		grpc.MaxRecvMsgSize(maxReceive), grpc.MaxHeaderListSize(maxHeaders), grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveLeast, PermitWithoutStream: true}),
	}
	if cfg.TLS != nil {
		live.MaxConnectionAge = connectionAge
		options = append(options, grpc.Creds(strict(cfg.TLS)))
	}
	options = append(options, grpc.KeepaliveParams(live))
	s.grpc = grpc.NewServer(options...)
	s.channel.WithServerUnaryInterceptor(s.unary).WithServerStreamInterceptor(s.stream)

	grpc_health_v1.RegisterHealthServer(s, s.health)
	s.SetServing(false)
	if cfg.Reflection {
		reflection.Register(s)
	}
	return s
}

// RegisterService implements grpc.ServiceRegistrar: the service answers in process and over TCP.
func (s *Server) RegisterService(desc *grpc.ServiceDesc, implementation any) {
	s.grpc.RegisterService(desc, implementation)
	s.channel.RegisterService(desc, implementation)
	s.learn(desc, implementation)
	s.health.SetServingStatus(desc.ServiceName, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
}

// GetServiceInfo describes the registered services, for reflection.
func (s *Server) GetServiceInfo() map[string]grpc.ServiceInfo { return s.grpc.GetServiceInfo() }

// Check tells whether the server may start: every method says who may call it, and every contract can be checked. The
// error lists all that is wrong.
func (s *Server) Check() error {
	return errors.Join(slices.Concat(s.broken, s.checkRules())...)
}

// Conn returns the in-process connection to the registered services. Messages are copied, not encoded; the interceptors
// are the same as over TCP.
func (s *Server) Conn() grpc.ClientConnInterface { return local{s.channel, s} }

// SetServing says in the health service, for the whole server and for each service, whether calls are welcome.
func (s *Server) SetServing(serving bool) {
	status := grpc_health_v1.HealthCheckResponse_NOT_SERVING
	if serving {
		status = grpc_health_v1.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", status)
	for name := range s.grpc.GetServiceInfo() {
		s.health.SetServingStatus(name, status)
	}
}

// Serve answers calls on lis until Stop, then returns nil. Without TLS it refuses every address beyond loopback, unless
// the configuration allows plain text. It closes lis.
func (s *Server) Serve(lis net.Listener) error {
	if s.cfg.TLS == nil && !s.cfg.AllowPlaintext && !private(lis.Addr()) {
		_ = lis.Close()
		return fmt.Errorf("refusing to serve plain text on %s: whoever is on that network could read and change calls; use TLS, a loopback address, or allow plain text explicitly", lis.Addr())
	}
	if err := s.grpc.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serving on %s: %w", lis.Addr(), err)
	}
	return nil
}

// private tells whether an address can only be reached from this machine.
func private(addr net.Addr) bool {
	switch a := addr.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// Stop ends in order: health says NOT_SERVING, streams are ended, running calls may finish until ctx is done, then the
// rest is cut off. Calls in process still work for running calls meanwhile, and are refused afterwards. The error is
// ctx's, when calls had to be cut off.
func (s *Server) Stop(ctx context.Context) error {
	s.health.Shutdown()
	s.stop()
	drained := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(drained)
	}()
	select {
	case <-drained:
	case <-ctx.Done():
		s.grpc.Stop() // GracefulStop still waits for the handlers, so nobody waits for it
	}
	s.draining.Store(true)
	for s.inFlight.Load() > 0 && ctx.Err() == nil {
		select {
		case <-s.idle:
		case <-ctx.Done():
		}
	}
	s.stopped.Store(true)
	if s.inFlight.Load() > 0 {
		return ctx.Err()
	}
	return nil
}
