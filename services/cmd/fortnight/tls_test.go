package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/mutualtls"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// file is a file of the installation's certificates.
func (a *apart) file(name string) string { return filepath.Join(a.certificates, name) }

// tlsSettings are the settings that give a process its certificate; none without TLS.
func (a *apart) tlsSettings(name string) []string {
	if a.certificates == "" {
		return nil
	}
	return []string{
		"FORTNIGHT_TLS_CERT_FILE=" + a.file(name+".crt"), "FORTNIGHT_TLS_KEY_FILE=" + a.file(name+".key"), "FORTNIGHT_TLS_CA_FILE=" + a.file("ca.crt"),
	}
}

// makeCertificates runs the program's own command.
func (a *apart) makeCertificates(t *testing.T, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), a.fortnight, append([]string{"certificates", a.certificates}, arguments...)...)
	command.Env = withoutSettings(os.Environ())
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("certificates: %v %s", err, out)
	}
}

// serial asks a service's port for its certificate.
func (a *apart) serial(t *testing.T, name string, client *tls.Config) string {
	t.Helper()
	conn, err := (&tls.Dialer{Config: client}).DialContext(t.Context(), "tcp", a.grpcAddr[name])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// The same story with mutual TLS between all nine processes; whoever has no certificate of the installation gets nowhere.
func TestFirstCycleInNineProcessesWithTLS(t *testing.T) {
	a := spawnApart(t, true)
	a.checkFirstCycle(t)

	pair, err := tls.LoadX509KeyPair(a.file("gateway.crt"), a.file("gateway.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := mutualtls.ReadPool(a.file("ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	client := func(change func(*tls.Config)) func() *tls.Config {
		cfg := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool, Certificates: []tls.Certificate{pair}}
		if change != nil {
			change(cfg)
		}
		return func() *tls.Config { return cfg }
	}
	ours, err := mutualtls.ReadAuthority(a.certificates)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := mutualtls.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		secure func() *tls.Config
		want   codes.Code
	}{
		"of the installation":  {client(nil), codes.OK},
		"no certificate":       {client(func(c *tls.Config) { c.Certificates = nil }), codes.Unavailable},
		"of another authority": {client(func(c *tls.Config) { c.Certificates = []tls.Certificate{issued(t, theirs, time.Now())} }), codes.Unavailable},
		"ended": {client(func(c *tls.Config) {
			c.Certificates = []tls.Certificate{issued(t, ours, time.Now().Add(-2*mutualtls.Lifetime))}
		}), codes.Unavailable},
		"plain text":               {nil, codes.Unavailable},
		"asks another name for it": {client(func(c *tls.Config) { c.ServerName = "identity" }), codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := rpcserver.Dial(a.grpcAddr["cycle"], c.secure, false)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if _, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); status.Code(err) != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if out, err := a.healthcheck(t, "cycle"); err == nil {
		t.Errorf("a healthcheck in plain text says %s", out)
	}

	t.Run("new files, no restart", func(t *testing.T) {
		before := a.serial(t, "cycle", client(nil)())
		a.makeCertificates(t, "--only", "cycle", "--only", "gateway")
		if after := a.serial(t, "cycle", client(nil)()); after == before {
			t.Error("the old certificate is served")
		}
		a.untilHealthy(t, "cycle")
	})
}

// issued is a certificate of an authority.
func issued(t *testing.T, authority *mutualtls.Authority, from time.Time) tls.Certificate {
	t.Helper()
	certificate, key, err := authority.Issue("gateway", []string{"gateway"}, from)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestCertificatesCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	now := time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
	run := func(c certificatesCommand) (string, error) {
		var out bytes.Buffer
		c.Directory = dir
		err := c.write(&out, now)
		return out.String(), err
	}
	out, err := run(certificatesCommand{Hosts: []string{"fortnight.internal", "10.0.0.7"}})
	if err != nil || !strings.Contains(out, "cycle.crt and .key, until 2027-06-08") || strings.Contains(out, "PRIVATE") {
		t.Fatalf("%v %s", err, out)
	}
	for _, name := range append(serveAll(), gatewayName, brokerName) {
		for _, kind := range []string{".crt", ".key"} {
			if info, err := os.Stat(filepath.Join(dir, name+kind)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s%s: %v, %v", name, kind, info, err)
			}
		}
		source, err := mutualtls.Open(mutualtls.Files{
			Certificate: filepath.Join(dir, name+".crt"), Key: filepath.Join(dir, name+".key"), Authority: filepath.Join(dir, "ca.crt"),
		}, func() time.Time { return now }, nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf := source.Certificate().Leaf
		for _, host := range []string{name, "localhost", "127.0.0.1", "::1", "fortnight.internal", "10.0.0.7"} {
			if err := leaf.VerifyHostname(host); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := leaf.VerifyHostname("other"); err == nil || leaf.IsCA {
			t.Errorf("%s: good for too much", name)
		}
		_, err = leaf.Verify(x509.VerifyOptions{Roots: source.Authority(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info, err)
	}

	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	authority, cycle, report := read("ca.crt"), read("cycle.crt"), read("report.crt")
	if _, err := run(certificatesCommand{Only: []string{"cycle"}}); err != nil {
		t.Fatal(err)
	}
	if read("ca.crt") != authority || read("report.crt") != report || read("cycle.crt") == cycle {
		t.Error("the second run has to renew what was asked for, and nothing else")
	}
	if _, err := run(certificatesCommand{Only: []string{"cycles"}}); err == nil || !strings.Contains(err.Error(), "cycle") {
		t.Errorf("a process that does not exist: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "ca.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := run(certificatesCommand{}); err == nil || !strings.Contains(err.Error(), "without its key") || read("ca.crt") != authority {
		t.Errorf("an authority whose key is elsewhere: %v", err)
	}
}

func TestSettingsOfTLS(t *testing.T) {
	certificate := Settings{TLSCert: "a", TLSKey: "b", TLSCA: "c"}
	for name, c := range map[string]struct {
		settings Settings
		want     string // part of the only problem; empty when there is none
	}{
		"nothing":                        {Settings{}, ""},
		"all three":                      {certificate, ""},
		"no key":                         {Settings{TLSCert: "a", TLSCA: "c"}, "FORTNIGHT_TLS_KEY_FILE: not set"},
		"the authority only":             {Settings{TLSCA: "c"}, "FORTNIGHT_TLS_CERT_FILE and FORTNIGHT_TLS_KEY_FILE: not set"},
		"a broker on this machine":       {Settings{NATSURL: "nats://127.0.0.1:4222,nats://localhost,[::1]:4222"}, ""},
		"a broker beyond":                {Settings{NATSURL: "nats://fortnight:canary@nats:4222"}, "FORTNIGHT_NATS_URL reaches nats in plain text"},
		"a broker beyond, without words": {Settings{NATSURL: "nats:4222"}, "reaches nats in plain text"},
		"one of two beyond":              {Settings{NATSURL: "tls://a:4222, nats://10.0.0.7:4222"}, "reaches 10.0.0.7 in plain text"},
		"a broker beyond, allowed":       {Settings{NATSURL: "nats://nats:4222", AllowPlaintext: true}, ""},
		"a broker beyond, with TLS":      {Settings{NATSURL: "tls://nats:4222", NATSCA: "d"}, ""},
		"no address":                     {Settings{NATSURL: "nats://canary@%zz"}, "FORTNIGHT_NATS_URL is no address"},
		"an authority for nothing":       {Settings{NATSURL: "nats://localhost:4222", NATSCA: "d"}, "FORTNIGHT_NATS_CA_FILE has no use"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := c.settings.Check()
			if c.want == "" && len(problems) > 0 || c.want != "" && (len(problems) != 1 || !strings.Contains(problems[0], c.want)) {
				t.Errorf("problems %q, want %q", problems, c.want)
			}
			if strings.Contains(strings.Join(problems, " "), "canary") {
				t.Errorf("a secret is shown: %q", problems)
			}
		})
	}
	if config.Secret("tls://user:canary@nats:4222").String() != config.Secret("x").String() {
		t.Error("the broker's address is shown although it may hold a password")
	}
}

func TestOwnAddr(t *testing.T) {
	for addr, want := range map[string]string{
		":9101": "localhost:9101", "0.0.0.0:9101": "localhost:9101", "[::]:9101": "localhost:9101",
		"127.0.0.1:9101": "127.0.0.1:9101", "cycle:9101": "cycle:9101", "nonsense": "nonsense",
	} {
		if got := ownAddr(addr); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}
