// Package live is the live stream: the events of all services, merged, as server-sent events. It keeps nothing: a client
// that comes back with the id of its last frame goes on exactly there, from the services' own logs.
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/limit"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
)

// Config is what the stream needs.
type Config struct {
	// Clients are the event logs to follow, by source.
	Clients  map[string]eventlogv1.EventLogServiceClient
	Entrance *credential.Entrance
	Clock    func() time.Time
	Logger   *slog.Logger
	// Heartbeat is how often a quiet stream gives a sign of life.
	Heartbeat time.Duration
	// Recheck is how often the credential behind a stream is checked.
	Recheck time.Duration
	// WriteTimeout is how long a client may take to accept what is written before it is dropped.
	WriteTimeout time.Duration
	// Pause is the first pause after a source could not be read; 100 ms when 0.
	Pause time.Duration
	// MaxStreams is how many clients may listen at once.
	MaxStreams int64
	// MaxPerCaller is how many streams one caller may have open; no limit when below 1.
	MaxPerCaller int
}

// Handler serves the stream.
type Handler struct {
	Config
	open    atomic.Int64
	callers *limit.Open

	closed context.Context
	close  context.CancelFunc
}

// errClosing ends the streams of a server that stops.
var errClosing = errors.New("the server is stopping")

// New makes the stream.
func New(config Config) *Handler {
	if config.Pause == 0 {
		config.Pause = firstPause
	}
	closed, closeAll := context.WithCancel(context.Background())
	return &Handler{Config: config, callers: limit.NewOpen(config.MaxPerCaller), closed: closed, close: closeAll}
}

// Close ends all streams. Clients come back by themselves, to this server or its successor.
func (h *Handler) Close() { h.close() }

// ServeHTTP serves one client until one side ends it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.open.Add(1) > h.MaxStreams || h.closed.Err() != nil {
		h.open.Add(-1)
		p := problem.New(http.StatusServiceUnavailable, codes.Unavailable, "TOO_MANY_STREAMS", "No further live stream can be opened at the moment.")
		p.RetryAfter = 5 * time.Second
		problem.Write(w, r, p)
		return
	}
	defer h.open.Add(-1)
	asked, p := parseRequest(r)
	var who credential.Admitted
	if p == nil {
		who, p = h.signIn(w, r)
	}
	if p != nil {
		problem.Write(w, r, p)
		return
	}
	leave, ok := h.callers.Enter(who.Caller.Key)
	if !ok {
		p := problem.New(http.StatusTooManyRequests, codes.ResourceExhausted, "STREAMS_PER_CALLER",
			fmt.Sprintf("This caller has %d live streams open. One stream can carry all teams and types; close the others.", h.MaxPerCaller))
		p.RetryAfter = 5 * time.Second
		problem.Write(w, r, p)
		return
	}
	defer leave()
	h.stream(w, r, asked, newSession(h.Entrance.Authenticator, who, h.Clock))
}

// signIn checks the credential. The services would refuse an unknown caller too, but only after the answer has begun.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) (credential.Admitted, *problem.Problem) {
	who, p := h.Entrance.AdmitAnew(w, r)
	if p == nil && who.Credential.Kind == credential.None {
		p = problem.FromStatus(status.New(codes.Unauthenticated, ""), exchange.From(r.Context()))
	}
	return who, p
}

func (h *Handler) stream(w http.ResponseWriter, r *http.Request, asked request, s *session) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(h.closed, func() { cancel(errClosing) })()

	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel(nil)
	recheck := time.NewTicker(h.Recheck)
	defer recheck.Stop()
	readers.Go(func() {
		if err := s.watch(ctx, recheck.C); err != nil {
			cancel(err)
		}
	})
	// Room for one step per source and no more: a slow client slows the sources down, through gRPC's own flow control.
	steps := make(chan step, len(h.Clients))
	for name, client := range h.Clients {
		source := &source{
			name: name, client: client, session: s, filter: asked.filter, out: steps,
			logger: h.Logger, request: exchange.From(ctx), pause: h.Pause,
		}
		point, resumed := asked.from[name]
		source.point = point
		source.known.Store(resumed || asked.start)
		readers.Go(func() { source.run(ctx) })
	}
	h.write(ctx, newWriter(w, h.WriteTimeout), steps, newMerger(maps.Keys(h.Clients), asked))
}

// write is the one that writes to the client, until the context ends or the client does not take it.
func (h *Handler) write(ctx context.Context, w *writer, steps <-chan step, merged *merger) {
	heartbeat := time.NewTicker(h.Heartbeat)
	defer heartbeat.Stop()
	place := time.NewTimer(placeTimeout)
	defer place.Stop()
	merged.frames.WriteString("retry: 3000\n\n")
	for w.send(&merged.frames) == nil {
		select {
		case <-ctx.Done():
			return
		case <-heartbeat.C:
			merged.ping()
		case <-place.C:
			merged.release()
		case next := <-steps:
			for more := true; more; {
				merged.take(next)
				more = merged.frames.Len() < flushAt
				if more {
					select {
					case next = <-steps:
					default:
						more = false
					}
				}
			}
		}
	}
}
