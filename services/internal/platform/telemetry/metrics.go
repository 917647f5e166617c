package telemetry

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// forbiddenLabels would turn metrics into a ranking of teams or people.
var forbiddenLabels = map[string]bool{"team": true, "user": true, "subject": true, "member": true, "person": true, "email": true}

// Metrics holds everything that /metrics shows. Register further collectors with Register; names begin with fortnight_.
type Metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.HistogramVec
}

// NewMetrics returns metrics of the Go runtime, the process, the build and the calls that the program answers.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "fortnight_rpc_server_call_duration_seconds",
			Help:    "Time to answer a call, by method and gRPC status code.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "code"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "fortnight_build_info", Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(m.calls, info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds a collector. It fails when the collector's names are taken.
func (m *Metrics) Register(c prometheus.Collector) error { return m.registry.Register(c) }

// ObserveCall counts one answered call: method is the full method without the leading slash, code the status code in
// UPPER_SNAKE. It is safe for concurrent use.
func (m *Metrics) ObserveCall(method, code string, took time.Duration) {
	m.calls.WithLabelValues(method, code).Observe(took.Seconds())
}

// Gather implements prometheus.Gatherer. A metric that is labelled with a team or a person is left out and reported as
// an error.
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) {
	families, err := m.registry.Gather()
	kept := families[:0]
	for _, family := range families {
		if label := forbiddenLabel(family); label != "" {
			err = fmt.Errorf("metric %s is left out: it has the label %s", family.GetName(), label)
			continue
		}
		kept = append(kept, family)
	}
	return kept, err
}

func forbiddenLabel(family *dto.MetricFamily) string {
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			if forbiddenLabels[label.GetName()] {
				return label.GetName()
			}
		}
	}
	return ""
}

// Handler serves the metrics in the formats of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}
