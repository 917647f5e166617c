package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Tracing returns the tracer provider that the standard OTEL_* variables ask for, and a function that sends what is left
// and stops it. Tracing is off, and costs nothing, unless OTEL_EXPORTER_OTLP_ENDPOINT (or its TRACES form) is set;
// OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none switch it off again. The protocol is OTLP over gRPC.
func Tracing(ctx context.Context, version string, logger *slog.Logger) (trace.TracerProvider, func(context.Context) error, error) {
	if !tracingWanted() {
		return noop.NewTracerProvider(), func(context.Context) error { return nil }, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := os.Getenv(name); protocol != "" && protocol != "grpc" {
			return nil, nil, fmt.Errorf("%s is %q, but only grpc is supported", name, protocol)
		}
	}
	// A collector that is away must neither stop the program nor fill its log with one line per span.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("traces could not be sent", "error", err)
	}))
	exporter, err := otlptracegrpc.New(ctx) // reads endpoint, headers, certificates and timeout from OTEL_EXPORTER_OTLP_*
	if err != nil {
		return nil, nil, fmt.Errorf("trace exporter: %w", err)
	}
	// Later ones win, so OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES do.
	res, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "fortnight"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv(),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	// The sampler comes from OTEL_TRACES_SAMPLER, the batch sizes from OTEL_BSP_*; both are the SDK's own doing.
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(res))
	return provider, provider.Shutdown, nil
}

func tracingWanted() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}
