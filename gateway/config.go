package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"google.golang.org/grpc"
)

// Config is what the gateway needs. Conn is required; everything else has a default.
type Config struct {
	// Conn returns the connection to a service, by name: identity, cycle, experiment, retrospective, knowledge, report,
	// notification. It is asked once for each. Hand out a bare *grpc.ClientConn where there is a network between: the gateway
	// then sees whether it is connected, and holds back what must not be sent twice.
	Conn func(service string) grpc.ClientConnInterface
	// EventSources are the services whose events the live stream carries; by default all.
	EventSources []string
	// Ready tells whether requests should be sent here; by default always. An error whose text begins with the name of a
	// service and a colon names that service in the answer; nothing else of the text is shown.
	Ready func(context.Context) error
	// Logger gets one line for each request, on level debug, or warn when it failed with 5xx.
	Logger *slog.Logger
	// Clock tells the time.
	Clock func() time.Time
	// PublicURL is the address that clients use, for links in answers; by default the host of each request.
	PublicURL string
	// TrustedProxies are the networks of the reverse proxies in front, whose X-Forwarded-For is believed, and X-Forwarded-Proto
	// and -Host where there is no PublicURL; by default nobody's. Without it, everybody behind a proxy has the proxy's address.
	TrustedProxies []netip.Prefix
	// Version and Commit are what was built.
	Version, Commit string
	// MaxBodyBytes is the largest request body; 1 MiB by default.
	MaxBodyBytes int64
	// MaxFileBytes is the largest file of measurements, which is never held as a whole; 1 GiB by default.
	MaxFileBytes int64
	// Timeout bounds a request as a whole; 30 s by default. Live streams have no bound.
	Timeout time.Duration
	// CallerTTL is how long the answer to a credential is remembered; 20 s by default. A token that was revoked elsewhere is
	// refused after this time.
	CallerTTL time.Duration
	// RetryBudget is how long a request waits for a service that cannot be reached; 5 s by default.
	RetryBudget time.Duration
	// Heartbeat is how often a quiet live stream gives a sign of life; 20 s by default.
	Heartbeat time.Duration
	// Recheck is how often the credential behind a live stream is checked; 15 s by default.
	Recheck time.Duration
	// WriteTimeout is how long a live stream waits for a client that does not read; 30 s by default.
	WriteTimeout time.Duration
	// MaxStreams is how many live streams may be open; 1,000 by default.
	MaxStreams int64
	// MaxStreamsPerCaller is how many live streams one caller may have open; 10 by default, no limit when negative.
	MaxStreamsPerCaller int64
	// RatePerSecond is how many requests one caller may send in the long run, and one address without a credential; no limit
	// when 0, which is the default.
	RatePerSecond float64
	// RateBurst is how many of them may come at once; twice RatePerSecond by default.
	RateBurst int
	// SignInFailures is how many refused tokens, sessions, links and sign-ins one address may have in 10 minutes before others
	// from there have to wait; 20 by default, no limit when negative.
	SignInFailures int64
	// SessionLifetime is how long a browser keeps the cookie of a session; 30 days by default. Identity decides when the session
	// itself ends.
	SessionLifetime time.Duration
}

func (c Config) withDefaults() (Config, error) {
	if c.Conn == nil {
		return c, errors.New("gateway: Config.Conn is missing")
	}
	if c.EventSources == nil {
		c.EventSources = ServiceNames()
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now //nolint:forbidigo // what is injected where nothing else is
	}
	fill(&c.MaxBodyBytes, 1<<20)
	fill(&c.MaxFileBytes, 1<<30)
	fill(&c.Timeout, 30*time.Second)
	fill(&c.CallerTTL, 20*time.Second)
	fill(&c.RetryBudget, 5*time.Second)
	fill(&c.Heartbeat, 20*time.Second)
	fill(&c.Recheck, 15*time.Second)
	fill(&c.WriteTimeout, 30*time.Second)
	fill(&c.MaxStreams, 1000)
	fill(&c.MaxStreamsPerCaller, 10)
	fill(&c.SignInFailures, 20)
	fill(&c.SessionLifetime, 30*24*time.Hour)
	return c, nil
}

func fill[T int64 | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

// Server returns a server for the gateway with bounds on what a client may take; give it a listener. Its Shutdown ends the
// live streams. Live streams lift the bounds for themselves.
func (g *Gateway) Server() *http.Server {
	server := &http.Server{
		Handler: g.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(g.config.Logger.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(g.Close)
	return server
}
