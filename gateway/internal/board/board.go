// Package board serves a team's board and history as a zip of files, and takes such a zip back. The services that keep the
// parts of the board write and read the files; here they are put together.
package board

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	archivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/archive/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

const (
	// maxAtOnce is how many exports, and how many imports, there may be at once: a zip is held in memory as a whole.
	maxAtOnce = 4
	// maxZip bounds a zip that is sent, maxTotal what it unpacks to, maxFile one file in it and maxFiles their number.
	maxZip, maxTotal, maxFile, maxFiles = 64 << 20, 64 << 20, 8 << 20, 50_000
	// importTime is how long an import may take, its way here included.
	importTime = 5 * time.Minute
	// partSize is how much of a file one message carries.
	partSize = 1 << 20

	zipType = "application/zip"
)

// Config is what the board needs.
type Config struct {
	Identity identityv1.IdentityServiceClient
	// Cycle and Experiment keep the parts of the board.
	Cycle, Experiment archivev1.ArchiveServiceClient
	Entrance          *credential.Entrance
	Logger            *slog.Logger
	// WriteTimeout is how long a client may take to accept what is written before an export is given up.
	WriteTimeout time.Duration
}

// Handler serves exports and imports.
type Handler struct {
	Config
	exports, imports atomic.Int64
}

// New makes the handler.
func New(config Config) *Handler { return &Handler{Config: config} }

var route = regexp.MustCompile(`^/v1/teams/([a-z0-9-]+):(export|import)$`)

// Matches tells whether a path is the board's, and with which method it is asked.
func Matches(of string) (method string, ok bool) {
	m := route.FindStringSubmatch(of)
	if m == nil {
		return "", false
	}
	if m[2] == "export" {
		return http.MethodGet, true
	}
	return http.MethodPost, true
}

// source is a service that keeps a part of the board.
type source struct {
	name   string
	client archivev1.ArchiveServiceClient
}

// sources are the parts, in the order in which they are restored: what an experiment leans on comes first.
func (h *Handler) sources() []source {
	return []source{{"cycle", h.Cycle}, {"experiment", h.Experiment}}
}

// sourceOf is the service that a file belongs to.
func sourceOf(file string) string {
	below := strings.TrimPrefix(file, "history/")
	if strings.HasPrefix(below, "metrics/") || strings.HasPrefix(below, "cycles/") && strings.Contains(below, "/experiments/") {
		return "experiment"
	}
	return "cycle"
}

// ServeHTTP serves what Matches matches.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, p := h.Entrance.Admit(w, r); p != nil {
		problem.Write(w, r, p)
		return
	}
	m := route.FindStringSubmatch(r.URL.Path)
	running, do := &h.exports, h.export
	if m[2] == "import" {
		running, do = &h.imports, h.restore
	}
	if running.Add(1) > maxAtOnce {
		running.Add(-1)
		p := problem.New(http.StatusTooManyRequests, codes.ResourceExhausted, "TOO_MANY_EXPORTS", "There are too many exports or imports at the moment.")
		p.RetryAfter = 5 * time.Second
		problem.Write(w, r, p)
		return
	}
	defer running.Add(-1)
	do(w, r, "teams/"+m[1])
}

// refused writes what a service said.
func refused(w http.ResponseWriter, r *http.Request, err error) {
	if p, ok := err.(*problem.Problem); ok { //nolint:errorlint // one that is wrapped is none for the client
		problem.Write(w, r, p)
		return
	}
	p := problem.FromStatus(status.Convert(err), exchange.From(r.Context()))
	problem.Write(w, r, p)
}
