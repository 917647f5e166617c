// Package signin is the pages that let people in and out: sign-in at the provider, by link, sign-out, and the sessions that
// somebody has. Identity decides; here is only what belongs to a browser: cookies, forms and redirects.
package signin

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/pages"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

//go:embed page/*.html
var templates embed.FS

// maxForm is the largest form in bytes: none holds more than a link.
const maxForm = 16 << 10

// Config is what the pages need.
type Config struct {
	Identity identityv1.IdentityServiceClient
	Entrance *credential.Entrance
	Logger   *slog.Logger
	// SessionLifetime is how long a browser keeps the cookie of a session.
	SessionLifetime time.Duration
	// Timeout bounds a request as a whole.
	Timeout time.Duration
}

// Handlers are the handlers of this package.
type Handlers struct {
	Config
	pages func() *pages.Set
}

// New makes the handlers. The templates are read when somebody asks for a page, not at every start.
func New(config Config) *Handlers {
	return &Handlers{Config: config, pages: sync.OnceValue(func() *pages.Set { return pages.New(config.Logger, templates, "page") })}
}

// ServeHTTP serves a page; false when the path is none of these.
func (h *Handlers) ServeHTTP(w http.ResponseWriter, r *http.Request) bool {
	methods, ok := h.find(r.URL.Path)
	if !ok {
		return false
	}
	exchange.From(r.Context()).Door = exchange.Pages
	ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	handle, p := methods.choose(r.Method)
	if p == nil && r.Method == http.MethodPost {
		p = readForm(w, r)
	}
	if p != nil {
		h.fail(w, r, p)
		return true
	}
	handle(w, r)
	return true
}

// methods are the methods of a path, nil for those that it does not have.
type methods struct {
	get, post http.HandlerFunc
	// acts says that GET is a step of a sign-in, which HEAD must not take.
	acts bool
}

func (h *Handlers) find(path string) (methods, bool) {
	switch path {
	case "/sign-in":
		return methods{get: h.start}, true
	case "/sign-in/local":
		return methods{get: h.local}, true
	case "/sign-in/link":
		return methods{get: h.confirm, post: h.useLink}, true
	case "/sign-in/provider":
		return methods{get: h.begin, acts: true}, true
	case "/sign-in/callback":
		return methods{get: h.complete, acts: true}, true
	case "/sign-out":
		return methods{get: h.askSignOut, post: h.signOut}, true
	case "/account":
		return methods{get: h.account}, true
	}
	if id, verb, _ := strings.Cut(strings.TrimPrefix(path, "/account/sessions/"), ":"); verb == "revoke" && plainID.MatchString(id) {
		return methods{post: h.revoke}, true
	}
	return methods{}, false
}

func (m methods) choose(method string) (http.HandlerFunc, *problem.Problem) {
	var allowed []string
	if m.get != nil {
		allowed = append(allowed, http.MethodGet)
		if !m.acts {
			allowed = append(allowed, http.MethodHead)
		}
	}
	if m.post != nil {
		allowed = append(allowed, http.MethodPost)
	}
	switch {
	case !slices.Contains(allowed, method):
		list := strings.Join(allowed, ", ")
		p := problem.New(http.StatusMethodNotAllowed, codes.Unimplemented, "METHOD_NOT_ALLOWED", "This page knows "+list+".")
		p.Allow = list
		return nil, p
	case method == http.MethodPost:
		return m.post, nil
	default:
		return m.get, nil
	}
}

// readForm reads the fields of a form that was posted. Other bodies hold no fields, so they prove nothing and do nothing.
func readForm(w http.ResponseWriter, r *http.Request) *problem.Problem {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "REQUEST_UNREADABLE", "The form cannot be read.")
	}
	return nil
}

// fail shows what went wrong, with the way back to the sign-in.
func (h *Handlers) fail(w http.ResponseWriter, r *http.Request, p *problem.Problem) {
	h.pages().Fail(w, r, p, pages.Way{Text: "Back to the sign-in", Path: "/sign-in?failed"})
}

func (h *Handlers) failed(w http.ResponseWriter, r *http.Request, err error) {
	p := problem.FromStatus(status.Convert(err), exchange.From(r.Context()))
	if p.Status >= http.StatusInternalServerError {
		h.Logger.WarnContext(r.Context(), "identity failed", "path", r.URL.Path, "request", exchange.From(r.Context()).RequestID, "code", p.Code, "reason", p.Reason)
	}
	h.fail(w, r, p)
}
