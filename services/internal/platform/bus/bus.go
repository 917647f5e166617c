// Package bus carries the facts of one service to the others over NATS JetStream.
//
// The broker is transport, never the record: every event can be had again from the service that made it. A [Relay] publishes a
// service's event log in order; a [Consumer] applies it to another service's database exactly once and in order, and fills
// whatever the broker lost from the source itself. Nothing here is on the path of a request.
package bus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Config says which broker to use.
type Config struct {
	// URL names a broker, "nats://host:4222", or "tls://host:4222" for one that must show a certificate (several with
	// commas); empty runs one inside this process, without a port. It may hold a user and a password.
	URL string
	// CredentialsFile is what this program signs in with at the broker: a file of a user's JWT and key; none when empty.
	CredentialsFile string
	// Authorities returns what the broker's certificate must come from, asked for at each connection; nil means what the
	// system trusts.
	Authorities func() (*x509.CertPool, error)
	// Certificate returns the certificate to show to a broker that asks for one; nil means none.
	Certificate func() (tls.Certificate, error)
	// StoreDir is where the embedded broker keeps its streams. Its owner must hold the lock on the data directory: two
	// brokers in one directory would both accept what the other does not see.
	StoreDir string
	// Name is this program's name towards the broker, "fortnight" when empty.
	Name string
	// MaxStore bounds the embedded broker's files in bytes; 0 means a quarter of what is free in StoreDir, 8 GiB at most.
	MaxStore int64
	// Replicas is how many brokers of a cluster hold each stream; 0 means 1.
	Replicas int
	// Logger receives the connection's ups and downs and the embedded broker's warnings; nil discards them.
	Logger *slog.Logger
}

// Bus is a connection to the broker, and the broker itself when it is embedded. A nil Bus is a broker that never answers:
// relays and consumers take it and live from the logs alone.
type Bus struct {
	server   *server.Server
	conn     *nats.Conn
	js       jetstream.JetStream
	limits   limits
	replicas int
	logger   *slog.Logger
	closing  sync.Once
}

// limits of a stream: it is a window on the log, not the log.
type limits struct {
	age   time.Duration
	bytes int64
}

// apiTimeout bounds one answer of the broker.
const apiTimeout = 5 * time.Second

// Open starts the embedded broker, or connects to the one that the URL names. A remote broker that cannot be reached is no
// error: the connection is tried again for ever. The reason of an error is BROKER_UNAVAILABLE.
func Open(_ context.Context, cfg Config) (*Bus, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Name == "" {
		cfg.Name = "fortnight"
	}
	b := &Bus{logger: cfg.Logger.With("component", "bus"), replicas: max(1, cfg.Replicas)}
	options := []nats.Option{
		nats.Name(cfg.Name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond),
		// A buffered publish would be sent after a reconnect, in an order and to a stream that nobody checked.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.logger.Warn("the connection to the broker was lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.logger.Info("the connection to the broker is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.logger.Warn("the broker reports an error", "error", err)
		}),
	}
	url := cfg.URL
	b.limits = limits{age: 30 * 24 * time.Hour, bytes: 1 << 30}
	if url == "" {
		if err := b.embed(cfg); err != nil {
			return nil, err
		}
		options = append(options, nats.InProcessServer(b.server))
	} else {
		options = append(options, secured(cfg)...)
	}
	conn, err := nats.Connect(url, options...)
	if err != nil {
		b.Close()
		return nil, unavailable(err)
	}
	b.conn = conn
	if b.js, err = jetstream.New(conn, jetstream.WithDefaultTimeout(apiTimeout)); err != nil {
		b.Close()
		return nil, unavailable(err)
	}
	return b, nil
}

// secured are the options of a broker with TLS and users.
func secured(cfg Config) []nats.Option {
	var options []nats.Option
	if cfg.CredentialsFile != "" {
		options = append(options, nats.UserCredentials(cfg.CredentialsFile))
	}
	return append(options, func(o *nats.Options) error { // nats.ClientTLSConfig would want TLS of every broker
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13}
		o.TLSCertCB, o.RootCAsCB = cfg.Certificate, cfg.Authorities
		return nil
	})
}

// Close leaves the broker and, when it is embedded, stops it. Stop relays and consumers first.
func (b *Bus) Close() {
	if b == nil {
		return
	}
	b.closing.Do(func() {
		if b.conn != nil {
			b.conn.Close()
		}
		if b.server != nil {
			b.server.Shutdown()
			b.server.WaitForShutdown()
		}
	})
}

// Connected tells whether the broker can be reached now. Readiness must not depend on it.
func (b *Bus) Connected() bool { return b != nil && b.conn.IsConnected() }

// streamName is the name of a source's stream, for instance FORTNIGHT_CYCLE.
func streamName(source string) string { return "FORTNIGHT_" + strings.ToUpper(source) }

// headSubject is where a source's relay tells where its log ends.
func headSubject(source string) string { return "fortnight.head.v1." + source }

// ensureStream makes a source's stream, or brings its settings up to date.
func (b *Bus) ensureStream(ctx context.Context, source string) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	return b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        streamName(source),
		Description: "Events of the service " + source + ", as its log has them",
		Subjects:    []string{"fortnight.evt.v1." + source + ".>"},
		Storage:     jetstream.FileStorage,
		Replicas:    b.replicas,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxAge:      b.limits.age,
		MaxBytes:    b.limits.bytes,
		MaxMsgSize:  maxMessage,
		DenyDelete:  true,
		DenyPurge:   true, // the relay's way to start over is to delete the stream
	})
}

// dropStream deletes a source's stream with all its consumers.
func (b *Bus) dropStream(ctx context.Context, source string) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	return b.js.DeleteStream(ctx, streamName(source))
}

func unavailable(cause error) *fault.Error {
	return fault.New(fault.Unavailable, "BROKER_UNAVAILABLE", "The message broker cannot be started or reached.").Because(cause)
}
