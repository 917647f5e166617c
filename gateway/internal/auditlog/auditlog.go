// Package auditlog serves the audit log as a file of JSON lines. It holds one event at a time: a slow client slows identity's
// reading down, through gRPC's own flow control.
package auditlog

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/encode"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/patience"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// Path is where the export is.
const Path = "/v1/auditEvents:export"

const (
	// maxExports is how many exports there may be at once. Each keeps identity reading for as long as its client takes.
	maxExports = 4
	// flushAt is how many bytes are put together before they are sent.
	flushAt = 64 << 10
)

// Config is what the export needs.
type Config struct {
	Identity identityv1.IdentityServiceClient
	Entrance *credential.Entrance
	Logger   *slog.Logger
	// WriteTimeout is how long a client may take to accept what is written before the export is given up.
	WriteTimeout time.Duration
}

// Handler serves the export.
type Handler struct {
	Config
	open atomic.Int64
}

// New makes the export.
func New(config Config) *Handler { return &Handler{Config: config} }

// ServeHTTP serves GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, p := h.Entrance.Admit(w, r); p != nil {
		problem.Write(w, r, p)
		return
	}
	request, p := parse(r)
	if p != nil {
		problem.Write(w, r, p)
		return
	}
	if r.Method == http.MethodHead {
		h.head(w, r, request)
		return
	}
	if h.open.Add(1) > maxExports {
		h.open.Add(-1)
		p := problem.New(http.StatusTooManyRequests, codes.ResourceExhausted, "TOO_MANY_EXPORTS", "There are too many exports of the audit log at the moment.")
		p.RetryAfter = 5 * time.Second
		problem.Write(w, r, p)
		return
	}
	defer h.open.Add(-1)
	h.export(w, r, request)
}

// head answers as an export would, and exports nothing: a list of one is for the same callers and has the same filter.
func (h *Handler) head(w http.ResponseWriter, r *http.Request, asked *identityv1.ExportAuditEventsRequest) {
	_, err := h.Identity.ListAuditEvents(r.Context(), &identityv1.ListAuditEventsRequest{
		PageSize: 1, Actor: asked.GetActor(), Actions: asked.GetActions(), Resource: asked.GetResource(), Address: asked.GetAddress(),
		StartTime: asked.GetStartTime(), EndTime: asked.GetEndTime(),
	})
	if err != nil {
		problem.Write(w, r, problem.FromStatus(status.Convert(err), exchange.From(r.Context())))
		return
	}
	headers(w)
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) export(w http.ResponseWriter, r *http.Request, asked *identityv1.ExportAuditEventsRequest) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stream, err := h.Identity.ExportAuditEvents(ctx, asked)
	var first *commonv1.AuditEvent
	if err == nil {
		first, err = stream.Recv()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		problem.Write(w, r, problem.FromStatus(status.Convert(err), exchange.From(ctx)))
		return
	}
	headers(w)
	if err == nil {
		err = h.write(w, first, stream)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		h.Logger.WarnContext(ctx, "an export of the audit log broke off", "request", exchange.From(ctx).RequestID, "error", err)
		panic(http.ErrAbortHandler) // what is cut off must not look complete
	}
}

func headers(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/x-ndjson")
	header.Set("Content-Disposition", `attachment; filename="audit-events.ndjson"`)
	header.Set("Cache-Control", "no-store")
}

// write writes the first event and those of the stream until that ends, with io.EOF when all is written.
func (h *Handler) write(w http.ResponseWriter, event *commonv1.AuditEvent, stream grpc.ServerStreamingClient[commonv1.AuditEvent]) error {
	out := bufio.NewWriterSize(patience.Writer(w, h.WriteTimeout), flushAt)
	for {
		line, err := encode.JSON(event)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
		if event, err = stream.Recv(); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.Join(out.Flush(), io.EOF)
			}
			return err
		}
	}
}
