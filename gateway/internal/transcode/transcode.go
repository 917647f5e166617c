// Package transcode is the REST side of the contracts: grpc-gateway's mux with our rules for headers, queries, bodies,
// answers and errors around it.
package transcode

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

// Config is what the REST side needs.
type Config struct {
	Routes   *routes.Table
	Entrance *credential.Entrance
	Logger   *slog.Logger
	// MaxBody is the largest body in bytes.
	MaxBody int64
	// Timeout bounds a request as a whole.
	Timeout time.Duration
}

// API serves everything below /v1/ that is a call of a service.
type API struct {
	Config
	muxes map[protoreflect.FullName]*runtime.ServeMux
}

// New makes the REST side without any service; register each on its Mux.
func New(config Config) *API {
	return &API{Config: config, muxes: map[protoreflect.FullName]*runtime.ServeMux{}}
}

// Mux is where the handlers of one service are registered. Each has its own, so that grpc-gateway, which tries template after
// template, has few to try.
func (a *API) Mux(service protoreflect.ServiceDescriptor) *runtime.ServeMux {
	if a.muxes[service.FullName()] == nil {
		a.muxes[service.FullName()] = runtime.NewServeMux(
			runtime.WithMarshalerOption(runtime.MIMEWildcard, newMarshaler()),
			runtime.WithDisableHTTPMethodOverride(),
			runtime.WithDisablePathLengthFallback(),
			runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
			runtime.WithOutgoingHeaderMatcher(answerHeader),
			runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
			runtime.WithWriteContentLength(),
			runtime.WithForwardResponseOption(answerHeaders),
			runtime.WithErrorHandler(a.fail),
			runtime.WithRoutingErrorHandler(a.unrouted),
			runtime.WithMiddlewares(a.arrive),
		)
	}
	return a.muxes[service.FullName()]
}

// ServeHTTP serves one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), a.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet // ours is a copy; net/http drops the body by the original
	}
	x := exchange.From(ctx)
	if x.Route = a.Routes.Find(r.Method, r.URL.Path); x.Route == nil {
		p := a.Entrance.Visit(r)
		if p == nil {
			p = a.elsewhere(r)
		}
		problem.Write(w, r, p)
		return
	}
	a.muxes[x.Route.Desc.Parent().FullName()].ServeHTTP(w, r)
}

// arrive checks a request that has found its route, before anything of it reaches a service.
func (a *API) arrive(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, pathParams map[string]string) {
		if p := a.admit(w, r, pathParams); p != nil {
			problem.Write(w, r, p)
			return
		}
		x := exchange.From(r.Context())
		// The request is a copy since ServeHTTP. grpc-gateway sends on some headers and addresses by itself; it gets to see none.
		r.Header, r.RemoteAddr, r.Host = http.Header{}, "", ""
		r.Body = http.NoBody
		if len(x.Body) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(x.Body))
		}
		r.ContentLength = int64(len(x.Body))
		next(w, r, pathParams)
	}
}

func (a *API) admit(w http.ResponseWriter, r *http.Request, pathParams map[string]string) *problem.Problem {
	x := exchange.From(r.Context())
	route := x.Route
	if strings.Contains(strings.ToLower(r.URL.RawPath), "%2f") { // a segment that would have become two
		return notFound(r)
	}
	for _, value := range pathParams {
		if strings.ContainsRune(value, ':') { // a verb that there is not; ids never hold a colon
			return a.elsewhere(r)
		}
	}
	if _, p := a.Entrance.Admit(w, r); p != nil {
		return p
	}
	if p := readHeaders(r, x); p != nil {
		return p
	}
	if p := checkQuery(r, route); p != nil {
		return p
	}
	if r.URL.RawQuery != "" {
		x.MaskGiven = r.URL.Query().Has("updateMask") || r.URL.Query().Has("update_mask")
	}
	body, p := readBody(w, r, route, a.MaxBody)
	x.Body = body
	return p
}

// fail answers for a request that did not succeed.
func (a *API) fail(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	x := exchange.From(ctx)
	var p *problem.Problem
	var routing *runtime.HTTPStatusError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &routing):
		p = notFound(r) // an escape in the path that is none
	case !x.Called:
		p = decodeProblem(status.Convert(err).Message(), x)
	default:
		p = problem.FromStatus(status.Convert(err), x)
		if p.Status >= http.StatusInternalServerError {
			a.Logger.WarnContext(ctx, "a service failed", "rpc", x.Route.RPC, "request", x.RequestID, "code", p.Code, "reason", p.Reason, "error", err)
		}
	}
	if md, ok := runtime.ServerMetadataFromContext(ctx); ok {
		forwardHeaders(w, md.HeaderMD)
	}
	problem.Write(w, r, p)
}

func forwardHeaders(w http.ResponseWriter, md metadata.MD) {
	for key, values := range md {
		if name, ok := answerHeader(key); ok && len(values) > 0 {
			w.Header().Set(name, values[0])
		}
	}
}

// unrouted answers for a path or method that there is not.
func (a *API) unrouted(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, _ int) {
	problem.Write(w, r, a.elsewhere(r))
}

func (a *API) elsewhere(r *http.Request) *problem.Problem {
	if allowed := a.Routes.Allowed(r.URL.Path); len(allowed) > 0 {
		return NotAllowed(r.Method, allowed...)
	}
	return notFound(r)
}

// NotAllowed is the problem of a path that does not have the method.
func NotAllowed(method string, allowed ...string) *problem.Problem {
	list := strings.Join(allowed, ", ")
	p := problem.New(http.StatusMethodNotAllowed, codes.Unimplemented, "METHOD_NOT_ALLOWED", "This path knows "+list+".")
	p.Allow = list
	p.Metadata = map[string]string{"method": method}
	return p
}

func notFound(r *http.Request) *problem.Problem {
	p := problem.New(http.StatusNotFound, codes.NotFound, "ROUTE_NOT_FOUND", "There is nothing at this path. /docs/api lists what there is.")
	p.Metadata = map[string]string{"path": r.URL.Path}
	return p
}

// NotFound answers for a path that there is not.
func NotFound(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, notFound(r)) }
