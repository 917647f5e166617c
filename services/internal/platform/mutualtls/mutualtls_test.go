package mutualtls_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/mutualtls"
)

var now = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)

func at(instant time.Time) func() time.Time { return func() time.Time { return instant } }

func authority(t *testing.T, from time.Time) *mutualtls.Authority {
	t.Helper()
	a, err := mutualtls.NewAuthority(from)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// write leaves a new certificate of an authority in a directory, with the certificates of those to trust.
func write(t *testing.T, dir string, a *mutualtls.Authority, from time.Time, trusted ...*mutualtls.Authority) mutualtls.Files {
	t.Helper()
	certificate, key, err := a.Issue("cycle", []string{"cycle", "127.0.0.1"}, from)
	if err != nil {
		t.Fatal(err)
	}
	var pool []byte
	for _, one := range trusted {
		pool = append(pool, one.Certificate()...)
	}
	files := mutualtls.Files{Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"), Authority: filepath.Join(dir, "ca.crt")}
	for path, content := range map[string][]byte{files.Key: key, files.Certificate: certificate, files.Authority: pool} {
		if err := mutualtls.WriteFile(path, content); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func open(t *testing.T, files mutualtls.Files, instant time.Time) *mutualtls.Source {
	t.Helper()
	s, err := mutualtls.Open(files, at(instant), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shake lets a client and a server greet each other, and returns what each of them found wrong.
func shake(t *testing.T, client, server *tls.Config, host string) (state tls.ConnectionState, clientErr, serverErr error) {
	t.Helper()
	// Over TCP: on an unbuffered pipe an alert that nobody reads would block.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			done <- err
			return
		}
		defer conn.Close()
		secure := tls.Server(conn, server)
		if err = secure.Handshake(); err == nil {
			_, err = secure.Write([]byte("x"))
		}
		done <- err
	}()
	plain, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	client = client.Clone()
	if client.ServerName == "" {
		client.ServerName = host
	}
	secure := tls.Client(plain, client)
	clientErr = secure.Handshake()
	if clientErr == nil {
		_, clientErr = secure.Read(make([]byte, 1)) // in TLS 1.3 the client learns here that it was refused
	}
	state = secure.ConnectionState()
	plain.Close()
	return state, clientErr, <-done
}

func TestOnlyTheInstallationGetsThrough(t *testing.T) {
	ours, theirs := authority(t, now.Add(-2*mutualtls.Lifetime)), authority(t, now.Add(-time.Hour))
	server := open(t, write(t, t.TempDir(), ours, now, ours), now)
	good := open(t, write(t, t.TempDir(), ours, now, ours), now)
	stranger := open(t, write(t, t.TempDir(), theirs, now, ours), now)
	long := now.Add(-mutualtls.Lifetime - time.Hour)
	ended := open(t, write(t, t.TempDir(), ours, long, ours), long)
	early := open(t, write(t, t.TempDir(), ours, now.Add(time.Hour), ours), now)
	credulous := open(t, write(t, t.TempDir(), ours, now, theirs), now)

	without := good.Client()
	without.Certificates = nil
	old := good.Client()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	present := ended.Client()
	present.Time = at(now) // it takes the server for good; the server is to say no
	for name, c := range map[string]struct {
		client *tls.Config
		host   string
		want   string // in either error; empty when they get through
	}{
		"both of our authority":             {good.Client(), "cycle", ""},
		"by address":                        {good.Client(), "127.0.0.1", ""},
		"a process that asks itself":        {good.Self(), "whatever", ""},
		"no certificate":                    {without, "cycle", "certificate required"},
		"a certificate of others":           {stranger.Client(), "cycle", "unknown authority"},
		"a certificate that ended":          {present, "cycle", "expired"},
		"a certificate of the future":       {early.Client(), "cycle", "not yet valid"},
		"a server of others":                {credulous.Client(), "cycle", "unknown authority"},
		"a server of another name":          {good.Client(), "identity", "not identity"},
		"a server at another address":       {good.Client(), "127.0.0.2", "127.0.0.2"},
		"a client that speaks TLS 1.2 only": {old, "cycle", "version"},
	} {
		t.Run(name, func(t *testing.T) {
			state, clientErr, serverErr := shake(t, c.client, server.Server(), c.host)
			err := errors.Join(clientErr, serverErr)
			if c.want == "" {
				if err != nil || state.Version != tls.VersionTLS13 {
					t.Fatalf("version %x, %v", state.Version, err)
				}
				return
			}
			if clientErr == nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("client: %v, server: %v, want %q", clientErr, serverErr, c.want)
			}
		})
	}
}

// serial is the number of the certificate that a server shows to a client.
func serial(t *testing.T, client, server *mutualtls.Source) string {
	t.Helper()
	state, clientErr, serverErr := shake(t, client.Client(), server.Server(), "cycle")
	if clientErr != nil || serverErr != nil {
		t.Fatal(clientErr, serverErr)
	}
	return state.PeerCertificates[0].SerialNumber.String()
}

func TestFilesChangeWithoutARestart(t *testing.T) {
	first, second := authority(t, now), authority(t, now)
	serverDir, clientDir := t.TempDir(), t.TempDir()
	server, client := open(t, write(t, serverDir, first, now, first), now), open(t, write(t, clientDir, first, now, first), now)
	held := server.Server() // what a listener holds for ever
	before := serial(t, client, server)
	if again := serial(t, client, server); again != before {
		t.Errorf("another certificate, %s, from the same files", again)
	}
	write(t, serverDir, first, now, first)
	after := serial(t, client, server)
	if after == before {
		t.Error("the old certificate is shown")
	}
	state, clientErr, serverErr := shake(t, client.Client(), held, "cycle")
	if clientErr != nil || serverErr != nil || state.PeerCertificates[0].SerialNumber.String() != after {
		t.Errorf("the configuration from before shows %v; %v, %v", state.PeerCertificates, clientErr, serverErr)
	}

	// The authority is replaced in three steps: trust both, issue anew, trust the new one only.
	write(t, serverDir, first, now, first, second)
	write(t, clientDir, first, now, first, second)
	_ = serial(t, client, server)
	write(t, serverDir, second, now, first, second)
	_ = serial(t, client, server)
	write(t, clientDir, second, now, second)
	write(t, serverDir, second, now, second)
	_ = serial(t, client, server)
	straggler := open(t, write(t, t.TempDir(), first, now, second), now)
	if _, clientErr, _ := shake(t, straggler.Client(), held, "cycle"); clientErr == nil {
		t.Error("a certificate of the authority that was replaced is still accepted")
	}
}

func TestFilesThatCannotBeUsedChangeNothing(t *testing.T) {
	a := authority(t, now)
	dir := t.TempDir()
	files := write(t, dir, a, now, a)
	server, client := open(t, files, now), open(t, write(t, t.TempDir(), a, now, a), now)
	before := serial(t, client, server)
	for name, spoil := range map[string]func() error{
		"no certificate in it": func() error { return os.WriteFile(files.Certificate, []byte("half a "), 0o600) },
		"key of another": func() error {
			_, key, _ := a.Issue("x", []string{"x"}, now)
			return os.WriteFile(files.Key, key, 0o600)
		},
		"empty authority":  func() error { return os.WriteFile(files.Authority, nil, 0o600) },
		"certificate gone": func() error { return os.Remove(files.Certificate) },
		"ended already": func() error {
			write(t, dir, a, now.Add(-mutualtls.Lifetime-time.Hour), a)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			if got := serial(t, client, server); got != before {
				t.Errorf("shows %s", got)
			}
			write(t, dir, a, now, a)
			if before = serial(t, client, server); before == "" {
				t.Error("nothing is shown")
			}
		})
	}
}

func TestFilesThatCannotBeUsedAreRefusedAtTheStart(t *testing.T) {
	a := authority(t, now)
	other := write(t, t.TempDir(), a, now, a)
	for name, change := range map[string]func(*mutualtls.Files){
		"no certificate": func(f *mutualtls.Files) { f.Certificate += "x" },
		"no key":         func(f *mutualtls.Files) { f.Key += "x" },
		"no authority":   func(f *mutualtls.Files) { f.Authority += "x" },
		"key of another": func(f *mutualtls.Files) { f.Key = other.Key },
		"a key for a CA": func(f *mutualtls.Files) { f.Authority = f.Key },
	} {
		t.Run(name, func(t *testing.T) {
			files := write(t, t.TempDir(), a, now, a)
			change(&files)
			if _, err := mutualtls.Open(files, at(now), nil); err == nil || strings.Contains(err.Error(), "PRIVATE KEY") {
				t.Errorf("got %v", err)
			}
		})
	}
	files := write(t, t.TempDir(), a, now, a)
	if _, err := mutualtls.Open(files, at(now.Add(mutualtls.Lifetime)), nil); err == nil || !strings.Contains(err.Error(), "ended at 2027-06-08") {
		t.Errorf("a certificate that ended: %v", err)
	}
}

func TestTheClockDecidesWhatIsInForce(t *testing.T) {
	a := authority(t, now)
	client := open(t, write(t, t.TempDir(), a, now, a), now)
	var later atomic.Bool
	server, err := mutualtls.Open(write(t, t.TempDir(), a, now, a), func() time.Time {
		if later.Load() {
			return now.Add(mutualtls.Lifetime + time.Second)
		}
		return now
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = serial(t, client, server)
	later.Store(true)
	if _, clientErr, _ := shake(t, client.Client(), server.Server(), "cycle"); clientErr == nil {
		t.Error("a year later the client's certificate is still accepted")
	}
}
