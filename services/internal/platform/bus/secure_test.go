package bus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/fortnighthq/fortnight/services/internal/platform/mutualtls"
)

// certificates are what one process proves itself with, issued by an authority.
func certificates(t *testing.T, a *mutualtls.Authority, name string) *mutualtls.Source {
	t.Helper()
	certificate, key, err := a.Issue(name, []string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := mutualtls.Files{Certificate: filepath.Join(dir, "crt"), Key: filepath.Join(dir, "key"), Authority: filepath.Join(dir, "ca")}
	for path, content := range map[string][]byte{files.Certificate: certificate, files.Key: key, files.Authority: a.Certificate()} {
		if err := mutualtls.WriteFile(path, content); err != nil {
			t.Fatal(err)
		}
	}
	source, err := mutualtls.Open(files, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func newAuthority(t *testing.T) *mutualtls.Authority {
	t.Helper()
	a, err := mutualtls.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// listening is a broker with a port of its own; it returns host:port.
func listening(t *testing.T, options *server.Options) string {
	t.Helper()
	options.Host, options.Port, options.NoSigs, options.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the broker did not start")
	}
	return s.Addr().String()
}

// reach opens the bus and tells what came of its first attempt to connect.
func reach(t *testing.T, cfg Config) error {
	t.Helper()
	b, err := Open(t.Context(), cfg)
	if err != nil {
		return err
	}
	defer b.Close()
	// With a retry on failure the first attempt is over when Open returns.
	if b.Connected() {
		return nil
	}
	if err := b.conn.LastError(); err != nil {
		return err
	}
	return errors.New("not connected")
}

func TestBrokerWithTLS(t *testing.T) {
	noLeaks(t)
	ours, theirs := newAuthority(t), newAuthority(t)
	broker := certificates(t, ours, "nats")
	addr := listening(t, &server.Options{TLSVerify: true, TLS: true, TLSConfig: broker.Server(), Username: "fortnight", Password: "secret"})
	certificate := func(s *mutualtls.Source) func() (tls.Certificate, error) {
		return func() (tls.Certificate, error) { return s.Certificate(), nil }
	}
	pool := func(s *mutualtls.Source) func() (*x509.CertPool, error) {
		return func() (*x509.CertPool, error) { return s.Authority(), nil }
	}
	mine, stranger := certificates(t, ours, "cycle"), certificates(t, theirs, "cycle")
	for name, c := range map[string]struct {
		cfg  Config
		want bool
	}{
		"ours":                    {Config{URL: "tls://fortnight:secret@" + addr, Certificate: certificate(mine), Authorities: pool(mine)}, true},
		"the broker wants TLS":    {Config{URL: "nats://fortnight:secret@" + addr, Certificate: certificate(mine), Authorities: pool(mine)}, true},
		"wrong password":          {Config{URL: "tls://fortnight:wrong@" + addr, Certificate: certificate(mine), Authorities: pool(mine)}, false},
		"no password":             {Config{URL: "tls://" + addr, Certificate: certificate(mine), Authorities: pool(mine)}, false},
		"no certificate":          {Config{URL: "tls://fortnight:secret@" + addr, Authorities: pool(mine)}, false},
		"certificate of others":   {Config{URL: "tls://fortnight:secret@" + addr, Certificate: certificate(stranger), Authorities: pool(mine)}, false},
		"broker of others":        {Config{URL: "tls://fortnight:secret@" + addr, Certificate: certificate(mine), Authorities: pool(stranger)}, false},
		"what the system trusts":  {Config{URL: "tls://fortnight:secret@" + addr, Certificate: certificate(mine)}, false},
		"authority that is a lie": {Config{URL: "tls://fortnight:secret@" + addr, Authorities: func() (*x509.CertPool, error) { return nil, errDown }}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := reach(t, c.cfg); (err == nil) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("tls:// does not fall back to plain text", func(t *testing.T) {
		if err := reach(t, Config{URL: "tls://" + listening(t, &server.Options{})}); err == nil {
			t.Error("connected")
		}
	})
}

func TestBrokerWithCredentialsFile(t *testing.T) {
	noLeaks(t)
	operator, _ := nkeys.CreateOperator()
	account, _ := nkeys.CreateAccount()
	user, _ := nkeys.CreateUser()
	public := func(k nkeys.KeyPair) string {
		t.Helper()
		text, err := k.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	encode := func(c jwt.Claims, k nkeys.KeyPair) string {
		t.Helper()
		text, err := c.Encode(k)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	claims := jwt.NewOperatorClaims(public(operator))
	if _, err := jwt.DecodeOperatorClaims(encode(claims, operator)); err != nil {
		t.Fatal(err)
	}
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(public(account), encode(jwt.NewAccountClaims(public(account)), operator)); err != nil {
		t.Fatal(err)
	}
	addr := listening(t, &server.Options{TrustedOperators: []*jwt.OperatorClaims{claims}, AccountResolver: resolver})

	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := jwt.FormatUserConfig(encode(jwt.NewUserClaims(public(user)), account), seed)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cycle.creds")
	if err := mutualtls.WriteFile(file, credentials); err != nil {
		t.Fatal(err)
	}
	if err := reach(t, Config{URL: "nats://" + addr, CredentialsFile: file}); err != nil {
		t.Errorf("with credentials: %v", err)
	}
	if err := reach(t, Config{URL: "nats://" + addr}); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without credentials: %v", err)
	}
	if err := reach(t, Config{URL: "nats://" + addr, CredentialsFile: file + "x"}); err == nil {
		t.Error("with credentials that are not there")
	}
}
