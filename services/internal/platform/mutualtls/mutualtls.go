// Package mutualtls lets the processes of one installation prove to each other that they belong to it: each shows a
// certificate of the installation's own authority, in both directions. Certificates change on disk without a restart.
package mutualtls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files are where a process finds its certificates, each in PEM form.
type Files struct {
	// Certificate is the process's own certificate, followed by those between it and the authority, if any.
	Certificate string
	// Key is the private key of Certificate.
	Key string
	// Authority holds the certificates that others' certificates must come from: the installation's own authority. Two of
	// them, old and new, let an authority be replaced.
	Authority string
}

// Source holds what the files said last, and reads them again when they change. Use it by pointer; it is safe for
// concurrent use.
type Source struct {
	files  Files
	clock  func() time.Time
	logger *slog.Logger

	mu   sync.Mutex
	seen [3]stamp
	held material
}

// stamp tells one state of a file from the next.
type stamp struct {
	modified time.Time
	size     int64
}

type material struct {
	certificate tls.Certificate
	authority   *x509.CertPool
}

// Open reads the files. clock tells whether certificates are in force, time.Now when nil; logger is told when the files
// change, nil discards it.
func Open(files Files, clock func() time.Time, logger *slog.Logger) (*Source, error) {
	if clock == nil {
		clock = time.Now
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s := &Source{files: files, clock: clock, logger: logger.With("component", "tls")}
	// The state is taken before the contents: a change in between is then seen by the next look.
	s.seen = s.look()
	held, err := s.read()
	if err != nil {
		return nil, err
	}
	s.held = held
	return s, nil
}

// Server is how to serve: TLS 1.3 only, and only to clients with a certificate of the authority.
func (s *Source) Server() *tls.Config {
	config := s.server()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.server(), nil }
	return config
}

func (s *Source) server() *tls.Config {
	held := s.current()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Time: s.clock,
		Certificates: []tls.Certificate{held.certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: held.authority,
		// A resumed session would skip the check of the client's certificate against the authority of today.
		SessionTicketsDisabled: true,
	}
}

// Client is how to ask now: TLS 1.3 only, showing the own certificate, and only servers whose certificate is the
// authority's and names the host that was asked. Ask for it anew at each handshake.
func (s *Source) Client() *tls.Config {
	held := s.current()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Time: s.clock,
		Certificates: []tls.Certificate{held.certificate}, RootCAs: held.authority,
	}
}

// Self is Client for a process that asks itself, at whatever address: the server must have a name of the own certificate.
func (s *Source) Self() *tls.Config {
	config := s.Client()
	leaf := config.Certificates[0].Leaf
	switch {
	case len(leaf.DNSNames) > 0:
		config.ServerName = leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		config.ServerName = leaf.IPAddresses[0].String()
	}
	return config
}

// Certificate returns the own certificate of now.
func (s *Source) Certificate() tls.Certificate { return s.current().certificate }

// Authority returns the certificates of the authority of now.
func (s *Source) Authority() *x509.CertPool { return s.current().authority }

// current returns what the files say. Files that cannot be used change nothing: half of a replacement may be on disk.
func (s *Source) current() material {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.look()
	if now == s.seen {
		return s.held
	}
	s.seen = now
	fresh, err := s.read()
	if err != nil {
		s.logger.Error("the certificate files changed and cannot be used; the certificates from before stay", "error", err)
		return s.held
	}
	s.held = fresh
	s.logger.Info("certificates were read again", "until", fresh.certificate.Leaf.NotAfter)
	return s.held
}

// look returns the state of the files; the zero state of one that is not there.
func (s *Source) look() (now [3]stamp) {
	for i, path := range []string{s.files.Certificate, s.files.Key, s.files.Authority} {
		if info, err := os.Stat(path); err == nil {
			now[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return now
}

func (s *Source) read() (material, error) {
	certificate, err := tls.LoadX509KeyPair(s.files.Certificate, s.files.Key)
	if err != nil {
		return material{}, fmt.Errorf("the certificate %s with the key %s: %w", s.files.Certificate, s.files.Key, err)
	}
	if until := certificate.Leaf.NotAfter; !s.clock().Before(until) {
		return material{}, fmt.Errorf("the certificate %s ended at %s", s.files.Certificate, until.UTC().Format(time.RFC3339))
	}
	authority, err := ReadPool(s.files.Authority)
	if err != nil {
		return material{}, err
	}
	return material{certificate, authority}, nil
}

// ReadPool reads a file of certificates in PEM form.
func ReadPool(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the certificates of the authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("the certificates of the authority: %w", &os.PathError{Op: "read", Path: path, Err: errors.New("no certificate in it")})
	}
	return pool, nil
}
