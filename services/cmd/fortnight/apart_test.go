package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// apart is an installation of nine processes: seven services, the gateway and the broker.
type apart struct {
	fortnight, url, token string
	grpcAddr              map[string]string
	// certificates is the directory of what the processes prove themselves with; empty without TLS.
	certificates string
}

// spawnApart starts nine processes, with mutual TLS between them when secure.
func spawnApart(t *testing.T, secure bool) *apart {
	t.Helper()
	a := &apart{
		fortnight: build(t, "fortnight", "."), token: "an-admin-token-for-this-test", grpcAddr: map[string]string{},
	}
	broker, dir, natsAddr := build(t, "nats-server", "github.com/nats-io/nats-server/v2"), t.TempDir(), freePort(t)
	_, natsPort, _ := net.SplitHostPort(natsAddr)
	natsArgs, natsURL := []string{"-js", "-sd", filepath.Join(dir, "nats"), "-a", "127.0.0.1", "-p", natsPort}, "nats://"+natsAddr
	if secure {
		a.certificates, natsURL = filepath.Join(dir, "certificates"), "tls://"+natsAddr
		a.makeCertificates(t)
		natsArgs = append(natsArgs, "--tlsverify", "--tlscert", a.file("nats.crt"), "--tlskey", a.file("nats.key"), "--tlscacert", a.file("ca.crt"))
	}
	spawn(t, nil, broker, natsArgs...)
	addrs := make([]string, 0, len(services))
	for _, name := range serviceNames() {
		a.grpcAddr[name] = freePort(t)
		addrs = append(addrs, name+"="+a.grpcAddr[name])
	}
	env := []string{
		"FORTNIGHT_DATA_DIR=" + dir, "FORTNIGHT_NATS_URL=" + natsURL, "FORTNIGHT_SERVICE_KEY=a-key-for-this-test-only",
		"FORTNIGHT_SERVICE_ADDRS=" + strings.Join(addrs, ","), "FORTNIGHT_BOOTSTRAP_TOKEN=" + a.token,
	}
	for _, name := range serviceNames() {
		spawn(t, slices.Concat(env, a.tlsSettings(name), []string{"FORTNIGHT_GRPC_ADDR=" + a.grpcAddr[name]}), a.fortnight, "serve", "--services", name)
	}
	httpAddr := freePort(t)
	spawn(t, slices.Concat(env, a.tlsSettings(gatewayName), []string{"FORTNIGHT_HTTP_ADDR=" + httpAddr}), a.fortnight, "serve", "--services", "gateway")
	a.url = "http://" + httpAddr
	untilReady(t, a.url)
	for name := range a.grpcAddr {
		a.untilHealthy(t, name)
	}
	return a
}

// healthcheck asks a service process with the program's own command.
func (a *apart) healthcheck(t *testing.T, name string, settings ...string) ([]byte, error) {
	t.Helper()
	check := exec.CommandContext(t.Context(), a.fortnight, "healthcheck")
	check.Env = slices.Concat(withoutSettings(os.Environ()), settings, []string{"FORTNIGHT_GRPC_ADDR=" + a.grpcAddr[name]})
	return check.CombinedOutput()
}

func (a *apart) untilHealthy(t *testing.T, name string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		out, err := a.healthcheck(t, name, a.tlsSettings(name)...)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not healthy: %v %s", name, err, out)
		}
	}
}
