package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

func TestLoggerSaysWhatTheContextKnows(t *testing.T) {
	var out bytes.Buffer
	logger, err := telemetry.NewLogger(&out, "json", "info")
	if err != nil {
		t.Fatal(err)
	}
	traceID := trace.TraceID{1, 2, 3}
	ctx := trace.ContextWithSpanContext(requestid.With(context.Background(), "r-1"), trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{1}}))
	logger.DebugContext(ctx, "too quiet")
	logger.With("service", "cycle").InfoContext(ctx, "hello", "request_id", "own", "at", time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600)))
	logger.Info("no context")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), out.String())
	}
	var first, second map[string]any
	for line, into := range map[string]*map[string]any{lines[0]: &first, lines[1]: &second} {
		if err := json.Unmarshal([]byte(line), into); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]string{"request_id": "own", "trace_id": traceID.String(), "service": "cycle", "at": "2026-01-01T00:00:00Z"} {
		if first[key] != want {
			t.Errorf("%s = %v, want %s", key, first[key], want)
		}
	}
	if strings.Count(lines[0], "request_id") != 1 {
		t.Errorf("the request id twice: %s", lines[0])
	}
	if at, _ := second["time"].(string); !strings.HasSuffix(at, "Z") {
		t.Errorf("time %q is not UTC", at)
	}
	for _, key := range []string{"request_id", "trace_id"} {
		if _, ok := second[key]; ok {
			t.Errorf("%s out of nowhere: %s", key, lines[1])
		}
	}
}

func TestLoggerSettings(t *testing.T) {
	for _, c := range []struct {
		format, level string
		ok            bool
	}{{"text", "debug", true}, {"json", "ERROR", true}, {"xml", "info", false}, {"text", "loud", false}, {"", "info", false}} {
		if _, err := telemetry.NewLogger(io.Discard, c.format, c.level); (err == nil) != c.ok {
			t.Errorf("format %q level %q: %v", c.format, c.level, err)
		}
	}
}

// collector is an OTLP receiver that keeps the names of what it gets.
type collector struct {
	coltracepb.UnimplementedTraceServiceServer
	mu       sync.Mutex
	spans    []string
	resource map[string]string
}

func (c *collector) Export(_ context.Context, r *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range r.GetResourceSpans() {
		c.resource = map[string]string{}
		for _, a := range rs.GetResource().GetAttributes() {
			c.resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				c.spans = append(c.spans, s.GetName())
			}
		}
	}
	return &coltracepb.ExportTraceServiceResponse{}, nil
}

func TestTracing(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + lis.Addr().String()
	got := &collector{}
	server := grpc.NewServer()
	coltracepb.RegisterTraceServiceServer(server, got)
	served := make(chan error, 1)
	go func() { served <- server.Serve(lis) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		env     map[string]string
		records bool
		service string
		fails   bool
	}{
		"off by default":                         {map[string]string{}, false, "", false},
		"on by the endpoint":                     {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true, "fortnight", false},
		"on by the traces endpoint, other name":  {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint, "OTEL_SERVICE_NAME": "other"}, true, "other", false},
		"sampler from the environment":           {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_SAMPLER": "always_off"}, false, "", false},
		"switched off":                           {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "true"}, false, "", false},
		"no exporter":                            {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_EXPORTER": "none"}, false, "", false},
		"a protocol that we do not speak":        {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, false, "", true},
		"resource attributes that are not valid": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_RESOURCE_ATTRIBUTES": "nonsense"}, false, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, key := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"} {
				t.Setenv(key, c.env[key])
			}
			got.mu.Lock()
			got.spans = nil
			got.mu.Unlock()
			provider, stop, err := telemetry.Tracing(context.Background(), "v1", slog.New(slog.DiscardHandler))
			if c.fails {
				if err == nil {
					t.Fatal("no error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, span := provider.Tracer("test").Start(context.Background(), "work")
			if span.IsRecording() != c.records {
				t.Errorf("recording = %v", span.IsRecording())
			}
			span.End()
			if err := stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			got.mu.Lock()
			defer got.mu.Unlock()
			if arrived := len(got.spans) == 1 && got.spans[0] == "work"; arrived != c.records {
				t.Errorf("the collector got %v", got.spans)
			}
			if c.records && (got.resource["service.name"] != c.service || got.resource["service.version"] != "v1") {
				t.Errorf("resource %v", got.resource)
			}
		})
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestAdminListener(t *testing.T) {
	metrics := telemetry.NewMetrics("v1.2.3")
	metrics.ObserveCall("fortnight.cycle.v1.CycleService/GetCycle", "NOT_FOUND", 3*time.Millisecond)
	fine := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fortnight_events_published_total", Help: "x"}, []string{"type"})
	ranking := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fortnight_cycles_total", Help: "x"}, []string{"team"})
	for _, c := range []prometheus.Collector{fine, ranking} {
		if err := metrics.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	fine.WithLabelValues("a").Inc()
	ranking.WithLabelValues("payments").Inc()
	if err := metrics.Register(fine); err == nil {
		t.Error("the same name twice")
	}

	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- telemetry.ServeAdmin(ctx, lis, telemetry.AdminHandler(metrics)) }()
	base := "http://" + lis.Addr().String()

	status, body := get(t, base+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	for _, want := range []string{
		`fortnight_rpc_server_call_duration_seconds_count{code="NOT_FOUND",method="fortnight.cycle.v1.CycleService/GetCycle"} 1`,
		`fortnight_rpc_server_call_duration_seconds_bucket{code="NOT_FOUND",method="fortnight.cycle.v1.CycleService/GetCycle",le="0.0025"} 0`,
		`fortnight_rpc_server_call_duration_seconds_bucket{code="NOT_FOUND",method="fortnight.cycle.v1.CycleService/GetCycle",le="0.005"} 1`,
		`version="v1.2.3"`, `fortnight_events_published_total{type="a"} 1`, "go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if strings.Contains(body, "payments") || strings.Contains(body, "fortnight_cycles_total") {
		t.Error("/metrics counts by team")
	}
	if status, body := get(t, base+"/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(body, "goroutine profile") {
		t.Errorf("pprof: %d", status)
	}
	if status, _ := get(t, base+"/"); status != http.StatusNotFound {
		t.Errorf("/ gives %d", status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if conn, err := net.Dial("tcp", lis.Addr().String()); err == nil {
		conn.Close()
		t.Error("still listening")
	}
}
