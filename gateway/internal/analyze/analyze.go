// Package analyze answers with process behaviour charts in the forms beside JSON: as a table, as SVG, as PNG, and as a page. The charts
// are those of metrics, at :analyze, and those of learnings, at :chart.
package analyze

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/chart"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/pages"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// maxPaintings is how many PNGs are made at once: each takes a processor for a tenth of a second and some 20 MB.
const maxPaintings = 2

//go:embed page/*.html
var templates embed.FS

// Config is what the charts need.
type Config struct {
	Experiments experimentv1.ExperimentServiceClient
	Knowledge   knowledgev1.KnowledgeServiceClient
	Door        form.Door
	Logger      *slog.Logger
	// Timeout bounds a request as a whole.
	Timeout time.Duration
}

// Handler answers in the form that is asked for.
type Handler struct {
	Config
	painting chan struct{}
	pages    func() *pages.Set
}

// New makes the handler.
func New(config Config) *Handler {
	return &Handler{config, make(chan struct{}, maxPaintings), sync.OnceValue(func() *pages.Set { return pages.New(config.Logger, templates, "page") })}
}

// charted is what has a chart.
type charted struct {
	// name is the resource, whose id holds nothing that a header could not.
	name string
	// forms are those that its chart comes in.
	forms []form.Form
	// ask gets the chart and its metric.
	ask func(h *Handler, ctx context.Context, name string, query url.Values) (*experimentv1.ProcessBehaviourChart, *experimentv1.Metric, error)
}

// Takes tells whether a request is for a chart.
func Takes(r *http.Request) bool {
	_, ok := of(r)
	return ok && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// of is what a path names the chart of.
func of(r *http.Request) (charted, bool) {
	path, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	name, verb, _ := strings.Cut(path, ":")
	parts := strings.Split(name, "/")
	switch {
	case !ok, strings.Contains(r.URL.EscapedPath(), "%"), slices.Contains(parts, ""):
	case verb == "analyze" && len(parts) == 4 && parts[0] == "teams" && parts[2] == "metrics",
		verb == "analyze" && len(parts) == 3 && parts[0] == "organization" && parts[1] == "metrics":
		return charted{name, []form.Form{form.JSON, form.CSV, form.SVG, form.PNG}, (*Handler).ofMetric}, true
	case verb == "chart" && len(parts) == 2 && parts[0] == "learnings":
		return charted{name, []form.Form{form.JSON, form.CSV, form.SVG, form.PNG, form.HTML}, (*Handler).ofLearning}, true
	}
	return charted{}, false
}

// ServeHTTP serves GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what, _ := of(r)
	wanted, query, ok := h.Door.Open(w, r, what.forms...)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
	defer cancel()
	c, metric, err := what.ask(h, ctx, what.name, query)
	if err == nil && wanted == form.HTML {
		h.page(w, r, c, metric)
		return
	}
	var body []byte
	if err == nil {
		body, err = h.make(ctx, wanted, c, metric)
	}
	if err != nil {
		problem.Write(w, r, asProblem(ctx, err))
		return
	}
	switch wanted {
	case form.CSV:
		w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
		w.Header().Set("Content-Disposition", `attachment; filename="`+what.name[strings.LastIndexByte(what.name, '/')+1:]+`.csv"`)
	case form.SVG:
		w.Header().Set("Content-Security-Policy", chart.Sheet.Policy)
	}
	form.Write(w, wanted, body)
}

func asProblem(ctx context.Context, err error) *problem.Problem {
	if p, ok := err.(*problem.Problem); ok { //nolint:errorlint // one that is wrapped is none for the client
		return p
	}
	return problem.FromStatus(status.Convert(err), exchange.From(ctx))
}

// make puts the chart into its form.
func (h *Handler) make(ctx context.Context, wanted form.Form, c *experimentv1.ProcessBehaviourChart, m *experimentv1.Metric) ([]byte, error) {
	switch wanted {
	case form.CSV:
		return chart.CSV(c)
	case form.SVG:
		return chart.SVG(c, m), nil
	}
	select { // painting waits for its turn
	case h.painting <- struct{}{}:
		defer func() { <-h.painting }()
		return chart.PNG(c, m)
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// page shows the chart, and below it the table for those who would rather read it.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, c *experimentv1.ProcessBehaviourChart, m *experimentv1.Metric) {
	rows := chart.Table(c)
	h.pages().ShowPicture(w, r, "chart.html", pages.Page{Title: chart.Heading(m), SignedOut: true, Content: map[string]any{
		"Picture": template.HTML(chart.SVG(c, m)), //nolint:gosec // made here, with every text escaped
		"Columns": rows[0], "Rows": rows[1:],
	}}, chart.Sheet)
}
