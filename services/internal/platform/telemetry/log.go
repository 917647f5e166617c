// Package telemetry is how the program shows what it does: logs, traces, metrics and profiles. Nothing here is labelled
// with a team or a user, so that no number about people can come of it.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
)

// Attributes that tie log lines to a request and to a trace.
const (
	// RequestIDKey is the id of the request that a line belongs to.
	RequestIDKey = "request_id"
	// TraceIDKey is the W3C trace id, 32 hexadecimal digits.
	TraceIDKey = "trace_id"
)

// NewLogger returns a logger that writes to w in the given format, "text" or "json", from the given level on: "debug",
// "info", "warn" or "error". Times are UTC. Lines logged with a context carry its request id and trace id.
func NewLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	var from slog.Level
	if err := from.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q is not debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: from, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindTime {
			a.Value = slog.TimeValue(a.Value.Time().UTC().Truncate(time.Microsecond))
		}
		return a
	}}
	switch format {
	case "text":
		return slog.New(contextHandler{slog.NewTextHandler(w, options)}), nil
	case "json":
		return slog.New(contextHandler{slog.NewJSONHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("log format %q is not text or json", format)
}

// contextHandler adds what the context knows, unless the line says it itself.
type contextHandler struct{ slog.Handler }

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	add := func(key, value string) {
		if value == "" {
			return
		}
		said := false
		r.Attrs(func(a slog.Attr) bool {
			said = a.Key == key
			return !said
		})
		if !said {
			r.AddAttrs(slog.String(key, value))
		}
	}
	add(RequestIDKey, requestid.From(ctx))
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		add(TraceIDKey, span.TraceID().String())
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}
