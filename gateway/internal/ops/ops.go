// Package ops answers what load balancers, supervisors and operators ask.
package ops

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// readyTimeout bounds the question whether the services are ready.
const readyTimeout = 3 * time.Second

// Handlers are the handlers of this package.
type Handlers struct {
	// Ready asks the services. An error whose text begins with the name of a service and a colon is that service's; nothing
	// else of the text is shown.
	Ready func(context.Context) error
	// Services are the names that may be shown.
	Services []string
	// Version and Commit are what was built.
	Version, Commit string
	Logger          *slog.Logger

	draining atomic.Bool
}

// Drain makes the server unready for good, so that no new requests are sent to it.
func (h *Handlers) Drain() { h.draining.Store(true) }

// Live tells that the process answers, and nothing more.
func (h *Handlers) Live(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{"status": "live"})
}

// Readiness tells whether requests should be sent here, and if not, which service is in the way.
func (h *Handlers) Readiness(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		reply(w, http.StatusServiceUnavailable, map[string]any{"status": "draining"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	err := h.Ready(ctx)
	if err == nil {
		reply(w, http.StatusOK, map[string]any{"status": "ready"})
		return
	}
	h.Logger.WarnContext(ctx, "not ready", "error", err)
	answer := map[string]any{"status": "not ready"}
	if name, _, ok := strings.Cut(err.Error(), ":"); ok && slices.Contains(h.Services, name) {
		answer["service"] = name
	}
	reply(w, http.StatusServiceUnavailable, answer)
}

// Build tells what is running.
func (h *Handlers) Build(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{"version": h.Version, "commit": h.Commit, "go": runtime.Version()})
}

func reply(w http.ResponseWriter, status int, answer map[string]any) {
	body, err := json.Marshal(answer)
	if err != nil { // strings always marshal
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that is gone needs no answer
}
