// Package transfer serves the whole knowledge base as files, and takes such files of another installation. It holds one learning at a time:
// a slow client slows the service's reading down, through gRPC's own flow control.
package transfer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// The two doors.
const (
	ExportPath = "/v1/learnings:export"
	ImportPath = "/v1/learnings:import"
)

// maxAtOnce is how many exports, and how many imports, there may be at once.
const maxAtOnce = 4

// Config is what the doors need.
type Config struct {
	Knowledge knowledgev1.KnowledgeServiceClient
	Entrance  *credential.Entrance
	Logger    *slog.Logger
	Clock     func() time.Time
	// WriteTimeout is how long a client may take to accept what is written before an export is given up.
	WriteTimeout time.Duration
}

// Handler serves exports and imports.
type Handler struct {
	Config
	door             form.Door
	exports, imports atomic.Int64
}

// New makes the handler.
func New(config Config) *Handler {
	h := &Handler{Config: config}
	h.door = form.Door{Entrance: config.Entrance, JSON: http.HandlerFunc(h.exportJSON)}
	return h
}

// Export serves GET and HEAD of ExportPath.
func (h *Handler) Export(w http.ResponseWriter, r *http.Request) {
	wanted, query, ok := h.door.Open(w, r, form.JSON, form.CSV, markdown, zipped)
	if !ok {
		return
	}
	if p := form.None(query); p != nil {
		problem.Write(w, r, p)
		return
	}
	h.export(w, r, wanted)
}

// exportJSON is Export in the form that comes unasked.
func (h *Handler) exportJSON(w http.ResponseWriter, r *http.Request) {
	if _, p := h.Entrance.Admit(w, r); p != nil {
		problem.Write(w, r, p)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	p := form.None(query)
	if err != nil {
		p = malformed()
	}
	if p != nil {
		problem.Write(w, r, p)
		return
	}
	h.export(w, r, form.JSON)
}

func malformed() *problem.Problem {
	return problem.New(http.StatusBadRequest, codes.InvalidArgument, "QUERY_MALFORMED", "The query is not a list of name=value with & between.")
}

// begin counts something that runs; false means that too much of it runs, and that the request was answered.
func begin(w http.ResponseWriter, r *http.Request, running *atomic.Int64) bool {
	if running.Add(1) <= maxAtOnce {
		return true
	}
	running.Add(-1)
	p := problem.New(http.StatusTooManyRequests, codes.ResourceExhausted, "TOO_MANY_EXPORTS",
		"There are too many exports or imports of learnings at the moment.")
	p.RetryAfter = 5 * time.Second
	problem.Write(w, r, p)
	return false
}

// refused writes what went wrong before there was an answer.
func refused(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem.Problem
	if !errors.As(err, &p) {
		p = problem.FromStatus(status.Convert(err), exchange.From(r.Context()))
	}
	problem.Write(w, r, p)
}

// installation is what this installation calls itself: the host of the address that its clients use.
func installation(ctx context.Context) string {
	if u, err := url.Parse(exchange.From(ctx).Base); err == nil && u.Host != "" {
		return strings.ToLower(u.Host)
	}
	return "fortnight"
}
