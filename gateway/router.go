package gateway

import (
	"net/http"
	"strings"

	"github.com/fortnighthq/fortnight/gateway/internal/analyze"
	"github.com/fortnighthq/fortnight/gateway/internal/auditlog"
	"github.com/fortnighthq/fortnight/gateway/internal/board"
	"github.com/fortnighthq/fortnight/gateway/internal/delivery"
	"github.com/fortnighthq/fortnight/gateway/internal/feed"
	"github.com/fortnighthq/fortnight/gateway/internal/ingest"
	"github.com/fortnighthq/fortnight/gateway/internal/mcp"
	"github.com/fortnighthq/fortnight/gateway/internal/pages"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/spread"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
	"github.com/fortnighthq/fortnight/gateway/internal/transfer"
)

// route finds who serves a path. It is no http.ServeMux, because that one answers unclean paths with redirects and unknown
// ones with plain text.
func (g *Gateway) route(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if ops, ok := g.operators(path); ok {
		readOnly(ops)(w, r) // without a limit: who supervises must always get an answer
		return
	}
	if method, ok := board.Matches(path); ok {
		if r.Method != method {
			problem.Write(w, r, transcode.NotAllowed(r.Method, method))
			return
		}
		g.board.ServeHTTP(w, r)
		return
	}
	switch {
	case path == "/v1/events":
		if r.Method != http.MethodGet {
			problem.Write(w, r, transcode.NotAllowed(r.Method, http.MethodGet))
			return
		}
		g.live.ServeHTTP(w, r)
	case path == auditlog.Path:
		readOnly(g.audit.ServeHTTP)(w, r)
	case path == transfer.ExportPath:
		readOnly(g.transfer.Export)(w, r)
	case path == transfer.ImportPath:
		if r.Method != http.MethodPost {
			problem.Write(w, r, transcode.NotAllowed(r.Method, http.MethodPost))
			return
		}
		g.transfer.Import(w, r)
	case path == mcp.Path:
		g.mcp.ServeHTTP(w, r)
	case delivery.Takes(path):
		g.delivery.ServeHTTP(w, r)
	case ingest.Takes(r):
		g.ingest.ServeHTTP(w, r)
	case analyze.Takes(r):
		g.analyze.ServeHTTP(w, r)
	case spread.Takes(r):
		g.spread.ServeHTTP(w, r)
	case path == feed.Path:
		readOnly(g.feed.ServeHTTP)(w, r)
	case strings.HasPrefix(path, "/v1/"):
		g.api.ServeHTTP(w, r)
	case g.signIn.ServeHTTP(w, r):
	default:
		g.public(w, r)
	}
}

// operators are the paths for supervisors, load balancers and operators.
func (g *Gateway) operators(path string) (http.HandlerFunc, bool) {
	switch path {
	case "/livez":
		return g.ops.Live, true
	case "/readyz":
		return g.ops.Readiness, true
	case "/version":
		return g.ops.Build, true
	}
	return nil, false
}

// public serves what everybody may read.
func (g *Gateway) public(w http.ResponseWriter, r *http.Request) {
	if p := g.entrance.Visit(r); p != nil {
		problem.Write(w, r, p)
		return
	}
	serve, ok := g.fixed(r.URL.Path)
	switch {
	case ok:
		readOnly(serve)(w, r)
	case strings.HasPrefix(r.URL.Path, "/docs/errors/"):
		readOnly(g.reason)(w, r)
	default:
		transcode.NotFound(w, r)
	}
}

// fixed are the public paths without a variable.
func (g *Gateway) fixed(path string) (http.HandlerFunc, bool) {
	switch path {
	case "/":
		return home, true
	case "/openapi.yaml":
		return g.docs.YAML, true
	case "/openapi.json":
		return g.docs.JSON, true
	case "/docs/api":
		return g.docs.API, true
	case "/docs/errors":
		return g.docs.Reasons, true
	case "/docs/style.css":
		return g.docs.Style, true
	case pages.StylePath:
		return pages.Style, true
	case pages.IconPath:
		return pages.Icon, true
	}
	return nil, false
}

func (g *Gateway) reason(w http.ResponseWriter, r *http.Request) {
	if !g.docs.Reason(w, r) {
		transcode.NotFound(w, r)
	}
}

func home(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/docs/api", http.StatusFound)
}

func readOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			problem.Write(w, r, transcode.NotAllowed(r.Method, http.MethodGet, http.MethodHead))
			return
		}
		next(w, r)
	}
}
