package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/mutualtls"
)

// checkTLS refuses half of a certificate: all three files, or none.
func (s *Settings) checkTLS() []string {
	var missing []string
	files := []struct{ key, path string }{
		{"FORTNIGHT_TLS_CERT_FILE", s.TLSCert}, {"FORTNIGHT_TLS_KEY_FILE", s.TLSKey}, {"FORTNIGHT_TLS_CA_FILE", s.TLSCA},
	}
	for _, file := range files {
		if file.path == "" {
			missing = append(missing, file.key)
		}
	}
	if len(missing) == 0 || len(missing) == len(files) {
		return nil
	}
	return []string{strings.Join(missing, " and ") + ": not set; TLS between the processes needs the certificate, its key and the authority, or none of them"}
}

// checkBroker refuses brokers that are only reached in plain text beyond this machine.
func (s *Settings) checkBroker() []string {
	var problems []string
	secure := false
	for text := range strings.SplitSeq(s.NATSURL.Reveal(), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if !strings.Contains(text, "://") {
			text = "nats://" + text
		}
		at, err := url.Parse(text)
		if err != nil { // its text would show a password
			problems = append(problems, "FORTNIGHT_NATS_URL is no address such as tls://host:4222")
			continue
		}
		secure = secure || at.Scheme == "tls"
		if at.Scheme != "tls" && !s.AllowPlaintext && !isLoopback(net.JoinHostPort(at.Hostname(), "4222")) {
			problems = append(problems, fmt.Sprintf("FORTNIGHT_NATS_URL reaches %s in plain text: use tls://, or set FORTNIGHT_ALLOW_PLAINTEXT on a network that you trust", at.Hostname()))
		}
	}
	if s.NATSCA != "" && !secure {
		problems = append(problems, "FORTNIGHT_NATS_CA_FILE has no use without a FORTNIGHT_NATS_URL that begins with tls://")
	}
	return problems
}

// openTLS reads the certificates of this process; nil when it has none.
func (s *Settings) openTLS(clock func() time.Time, logger *slog.Logger) (*mutualtls.Source, error) {
	if s.TLSCert == "" {
		return nil, nil
	}
	return mutualtls.Open(mutualtls.Files{Certificate: s.TLSCert, Key: s.TLSKey, Authority: s.TLSCA}, clock, logger)
}

// broker says how to reach the broker with the certificates of this process, which may be nil.
func (s *Settings) broker(certificates *mutualtls.Source) (bus.Config, error) {
	cfg := bus.Config{URL: s.NATSURL.Reveal(), Replicas: s.NATSReplicas, CredentialsFile: s.NATSCreds}
	if certificates != nil {
		cfg.Certificate = func() (tls.Certificate, error) { return certificates.Certificate(), nil }
		cfg.Authorities = func() (*x509.CertPool, error) { return certificates.Authority(), nil }
	}
	if s.NATSCreds != "" { // the broker's client would try again for ever
		if _, err := os.ReadFile(s.NATSCreds); err != nil {
			return bus.Config{}, fmt.Errorf("FORTNIGHT_NATS_CREDENTIALS_FILE: %w", err)
		}
	}
	if s.NATSCA != "" {
		cfg.Authorities = func() (*x509.CertPool, error) { return mutualtls.ReadPool(s.NATSCA) }
		if _, err := cfg.Authorities(); err != nil {
			return bus.Config{}, fmt.Errorf("FORTNIGHT_NATS_CA_FILE: %w", err)
		}
	}
	return cfg, nil
}

// ownAddr is where a process on this machine reaches one that listens on addr.
func ownAddr(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return addr
}
