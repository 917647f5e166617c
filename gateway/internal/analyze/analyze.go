// Package analyze answers :analyze in the forms beside JSON: the chart as a table, as SVG and as PNG.
package analyze

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/chart"
	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// maxPaintings is how many PNGs are made at once: each takes a processor for a tenth of a second and some 20 MB.
const maxPaintings = 2

// Config is what the charts need.
type Config struct {
	Experiments experimentv1.ExperimentServiceClient
	Entrance    *credential.Entrance
	// JSON answers the calls that want JSON.
	JSON http.Handler
	// Timeout bounds a request as a whole.
	Timeout time.Duration
}

// Handler answers in the form that is asked for.
type Handler struct {
	Config
	painting chan struct{}
}

// New makes the handler.
func New(config Config) *Handler { return &Handler{config, make(chan struct{}, maxPaintings)} }

// Takes tells whether a request is for the chart of a metric.
func Takes(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && metricOf(r) != ""
}

// metricOf is the metric that a path names, "" when it is another path.
func metricOf(r *http.Request) string {
	name, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/v1/"), ":analyze")
	if !ok || strings.ContainsAny(r.URL.EscapedPath(), "%") {
		return ""
	}
	switch parts := strings.Split(name, "/"); {
	case slices.Contains(parts, ""):
	case len(parts) == 4 && parts[0] == "teams" && parts[2] == "metrics", len(parts) == 3 && parts[0] == "organization" && parts[1] == "metrics":
		return name
	}
	return ""
}

// ServeHTTP serves GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // which JSON refuses in the same words
		h.JSON.ServeHTTP(w, r)
		return
	}
	form, p := negotiate(r, query)
	if p == nil && form == forms[0] {
		h.JSON.ServeHTTP(w, withoutFormat(r, query))
		return
	}
	if _, refused := h.Entrance.Admit(w, r); refused != nil {
		p = refused
	}
	if p != nil {
		problem.Write(w, r, p)
		return
	}
	body, p := h.make(r, form, query)
	if p != nil {
		problem.Write(w, r, p)
		return
	}
	header := w.Header()
	header.Set("Content-Type", form.media)
	switch form.name {
	case "csv":
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		header.Set("Content-Disposition", `attachment; filename="`+fileName(r)+`.csv"`)
	case "svg":
		header.Set("Content-Security-Policy", chart.Policy)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that has gone needs no answer
}

// withoutFormat is the request as the calls of services know it.
func withoutFormat(r *http.Request, query url.Values) *http.Request {
	if !query.Has("format") {
		return r
	}
	query.Del("format")
	clean := r.Clone(r.Context())
	clean.URL.RawQuery = query.Encode()
	return clean
}

// fileName is the id of the metric, which holds nothing that a header could not.
func fileName(r *http.Request) string {
	name := metricOf(r)
	return name[strings.LastIndexByte(name, '/')+1:]
}

// make asks for the chart and puts it into its form.
func (h *Handler) make(r *http.Request, f form, query url.Values) ([]byte, *problem.Problem) {
	ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
	defer cancel()
	request, p := parse(metricOf(r), query)
	if p != nil {
		return nil, p
	}
	failed := func(err error) ([]byte, *problem.Problem) {
		return nil, problem.FromStatus(status.Convert(err), exchange.From(ctx))
	}
	c, err := h.Experiments.AnalyzeMetric(ctx, request)
	if err != nil {
		return failed(err)
	}
	if f.name == "csv" {
		body, err := chart.CSV(c)
		if err != nil {
			return failed(err)
		}
		return body, nil
	}
	metric, err := h.Experiments.GetMetric(ctx, &experimentv1.GetMetricRequest{Name: request.GetName()})
	if err != nil {
		return failed(err)
	}
	if f.name == "svg" {
		return chart.SVG(c, metric), nil
	}
	body, err := h.paint(ctx, c, metric)
	if err != nil {
		return failed(err)
	}
	return body, nil
}

// paint waits for its turn.
func (h *Handler) paint(ctx context.Context, c *experimentv1.ProcessBehaviourChart, m *experimentv1.Metric) ([]byte, error) {
	select {
	case h.painting <- struct{}{}:
		defer func() { <-h.painting }()
		return chart.PNG(c, m)
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// parse reads the query by the names that JSON has for it.
func parse(name string, query url.Values) (*experimentv1.AnalyzeMetricRequest, *problem.Problem) {
	request := &experimentv1.AnalyzeMetricRequest{}
	seen := map[protoreflect.Name]bool{}
	for _, parameter := range slices.Sorted(maps.Keys(query)) { // the same request gets the same answer
		if parameter == "format" {
			continue
		}
		field := routes.FindField(request.ProtoReflect().Descriptor(), parameter)
		if field == nil || field.Name() == "name" {
			return nil, problem.Invalid(parameter, "UNKNOWN_QUERY_PARAMETER", fmt.Sprintf("There is no query parameter %q here.", parameter))
		}
		if seen[field.Name()] || len(query[parameter]) > 1 {
			return nil, problem.Invalid(parameter, "QUERY_PARAMETER_REPEATED", fmt.Sprintf("Give the query parameter %q once.", parameter))
		}
		seen[field.Name()] = true
		if value := query.Get(parameter); !utf8.ValidString(value) || runtime.PopulateFieldFromPath(request, string(field.Name()), value) != nil {
			return nil, problem.Invalid(parameter, "QUERY_PARAMETER_INVALID", fmt.Sprintf("The query parameter %q must be %s.", parameter, transcode.Expected(field)))
		}
	}
	request.Name = name
	return request, nil
}
