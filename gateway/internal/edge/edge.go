// Package edge is what every request passes first and every answer last: an id, headers that keep browsers safe, a line in
// the log, and a floor under panics.
package edge

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// Config is what the edge needs.
type Config struct {
	Logger *slog.Logger
	Clock  func() time.Time
	// PublicURL is the address that clients use, without a trailing slash; "" takes it from each request.
	PublicURL string
	// TrustedProxies are the networks that X-Forwarded-For, -Proto and -Host are believed from.
	TrustedProxies Proxies
}

// Wrap puts the edge around a handler.
func Wrap(config Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := config.Clock()
		peer := peer(r)
		base, overTLS := config.base(r, peer)
		x := &exchange.Exchange{
			RequestID:   requestID(r.Header.Get("X-Request-Id")),
			Traceparent: traceparent(r.Header.Values("Traceparent")),
			Base:        base,
			Secure:      overTLS,
			Door:        exchange.REST,
			Address:     config.TrustedProxies.client(r, peer),
			UserAgent:   r.UserAgent(),
			URL:         r.URL,
		}
		r = r.WithContext(exchange.With(r.Context(), x))
		secure(w.Header(), x.Secure)
		w.Header().Set("X-Request-Id", x.RequestID)
		answer := &recorder{ResponseWriter: w}
		defer func() {
			if caught := recover(); caught != nil {
				survive(config.Logger, answer, r, caught)
			}
			log(config, answer, r, started)
		}()
		next.ServeHTTP(answer, r)
	})
}

// survive answers after a panic. Its text stays in the log.
func survive(logger *slog.Logger, answer *recorder, r *http.Request, caught any) {
	if caught == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		panic(caught)
	}
	logger.ErrorContext(r.Context(), "a handler panicked", "panic", caught,
		"request", exchange.From(r.Context()).RequestID, "stack", string(debug.Stack()))
	if answer.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	problem.Write(answer, r, problem.New(http.StatusInternalServerError, codes.Internal, "INTERNAL",
		"Something went wrong that is not the client's fault. The operator finds it in the log by the request id."))
}

// log writes one line. It holds neither the query nor any header, where secrets may be.
func log(config Config, answer *recorder, r *http.Request, started time.Time) {
	x := exchange.From(r.Context())
	level, route := slog.LevelDebug, r.URL.Path
	if answer.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if !config.Logger.Enabled(r.Context(), level) {
		return
	}
	request := x.RequestID
	if x.Route != nil {
		route = x.Route.Template
		if x.Route.HidesCaller() { // the same id may stand beside a name elsewhere
			request = ""
		}
	}
	config.Logger.Log(r.Context(), level, "http", "method", r.Method, "route", route, "status", answer.status,
		"bytes", answer.bytes, "duration", config.Clock().Sub(started), "request", request)
}

// requestID takes over the id that a client or proxy has given, when it is one that can be logged.
func requestID(given string) string {
	if given == "" || len(given) > 128 {
		return uuid.Must(uuid.NewV7()).String()
	}
	for i := range len(given) {
		c := given[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return uuid.Must(uuid.NewV7()).String()
		}
	}
	return given
}
