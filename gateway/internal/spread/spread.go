// Package spread draws how a learning has spread: who was offered it, what they answered, who tried it, with what result. The teams
// stand in the order of time: nobody is ranked.
package spread

import (
	"context"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// Config is what the pictures need.
type Config struct {
	Knowledge knowledgev1.KnowledgeServiceClient
	Door      form.Door
	// Timeout bounds a request as a whole.
	Timeout time.Duration
}

// Handler answers in the form that is asked for.
type Handler struct{ Config }

// New makes the handler.
func New(config Config) *Handler { return &Handler{config} }

// Takes tells whether a request is for the spread of a learning.
func Takes(r *http.Request) bool {
	_, ok := learningOf(r)
	return ok && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// learningOf is the learning that a path names.
func learningOf(r *http.Request) (name string, ok bool) {
	id, ok := strings.CutPrefix(r.URL.Path, "/v1/learnings/")
	id, verb := strings.CutSuffix(id, ":spread")
	return "learnings/" + id, ok && verb && id != "" && !strings.ContainsAny(id, "/:") && !strings.Contains(r.URL.EscapedPath(), "%")
}

// ServeHTTP serves GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wanted, query, ok := h.Door.Open(w, r, form.JSON, form.SVG)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
	defer cancel()
	if p := form.None(query); p != nil {
		problem.Write(w, r, p)
		return
	}
	name, _ := learningOf(r)
	s, err := h.Knowledge.GetSpread(ctx, &knowledgev1.GetSpreadRequest{Name: name})
	if err != nil {
		problem.Write(w, r, problem.FromStatus(status.Convert(err), exchange.From(ctx)))
		return
	}
	w.Header().Set("Content-Security-Policy", sheet.Policy)
	form.Write(w, wanted, SVG(s))
}
