package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// Two identity processes on one Postgres database: the gateway gets its caller tokens from the one, another service asks the
// other for the keys, and it works in either direction.
func TestTwoIdentityProcessesOnPostgres(t *testing.T) {
	url := databaseURL(t, db.Postgres)
	fortnight, broker, dir := build(t, "fortnight", "."), build(t, "nats-server", "github.com/nats-io/nats-server/v2"), t.TempDir()
	natsAddr := freePort(t)
	_, natsPort, _ := net.SplitHostPort(natsAddr)
	spawn(t, nil, broker, "-js", "-sd", filepath.Join(dir, "nats"), "-a", "127.0.0.1", "-p", natsPort)
	one, two, cycle := freePort(t), freePort(t), freePort(t)
	env := []string{
		"FORTNIGHT_DATA_DIR=" + dir, "FORTNIGHT_DATABASE_URL=" + url, "FORTNIGHT_NATS_URL=nats://" + natsAddr,
		"FORTNIGHT_SERVICE_KEY=a-key-for-this-test-only",
	}
	serve := func(name string, settings ...string) {
		spawn(t, slices.Concat(env, settings), fortnight, "serve", "--services", name)
	}
	serve("identity", "FORTNIGHT_GRPC_ADDR="+one, "FORTNIGHT_SERVICE_ADDRS=cycle="+cycle)
	serve("identity", "FORTNIGHT_GRPC_ADDR="+two, "FORTNIGHT_SERVICE_ADDRS=cycle="+cycle)
	serve("cycle", "FORTNIGHT_GRPC_ADDR="+cycle, "FORTNIGHT_SERVICE_ADDRS=identity="+two)
	urls := map[string]string{}
	for _, identity := range []string{one, two} {
		addr := freePort(t)
		serve(gatewayName, "FORTNIGHT_HTTP_ADDR="+addr, "FORTNIGHT_SERVICE_ADDRS=identity="+identity+",cycle="+cycle)
		urls[identity] = "http://" + addr
		untilReady(t, urls[identity])
	}
	a := &apart{fortnight: fortnight, grpcAddr: map[string]string{"one": one, "two": two, "cycle": cycle}}
	for name := range a.grpcAddr {
		a.untilHealthy(t, name)
	}

	create := exec.CommandContext(t.Context(), fortnight, "token", "create", "operator", "--admin")
	create.Env = append(withoutSettings(os.Environ()), env...)
	out, err := create.Output()
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(out))
	if status, body := post(t, urls[one]+"/v1/teams?teamId=two-identities", token, `{"displayName":"Two identities"}`); status != http.StatusOK {
		t.Fatalf("the first identity process: %d %s", status, body)
	}
	for identity, url := range urls {
		testkit.Eventually(t, "cycle takes what identity at "+identity+" signs", func() bool {
			status, body := post(t, url+"/v1/teams/two-identities/obstacles", token, `{"description":"x"}`)
			if status >= 400 && status < 500 {
				t.Fatalf("refused: %d %s", status, body)
			}
			return status == http.StatusOK
		})
	}
}
