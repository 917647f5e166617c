package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// Who reaches the gRPC port of the real program, past the gateway, gets in with what identity signed and with nothing else.
func TestTheGRPCPortOfTheProgram(t *testing.T) {
	const token = "an-admin-token-for-this-test"
	httpAddr, grpcAddr := freePort(t), freePort(t)
	spawn(t, []string{
		"FORTNIGHT_DATA_DIR=" + t.TempDir(), "FORTNIGHT_HTTP_ADDR=" + httpAddr, "FORTNIGHT_GRPC_ADDR=" + grpcAddr, "FORTNIGHT_BOOTSTRAP_TOKEN=" + token,
	}, build(t, "fortnight", "."), "serve")
	untilReady(t, "http://"+httpAddr)
	conn, err := rpcserver.Dial(grpcAddr, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	identity, cycle := identityv1.NewIdentityServiceClient(conn), cyclev1.NewCycleServiceClient(conn)
	answer, err := identity.Authenticate(t.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: token}})
	if err != nil {
		t.Fatal(err)
	}
	genuine := answer.GetCallerToken()
	foreign := callertest.New(nil)
	forged, _, err := foreign.Minter.Mint(callertest.Admin("admin"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(genuine, ".")
	for name, c := range map[string]struct {
		metadata []string
		want     string
	}{
		"what identity signed":       {[]string{caller.MetadataKey, genuine}, ""},
		"nothing":                    {nil, "UNAUTHENTICATED"},
		"signed by another":          {[]string{caller.MetadataKey, forged}, "CALLER_TOKEN_INVALID"},
		"without its signature":      {[]string{caller.MetadataKey, parts[0] + "." + parts[1] + "."}, "CALLER_TOKEN_INVALID"},
		"two of them":                {[]string{caller.MetadataKey, genuine, caller.MetadataKey, genuine}, "CALLER_TOKEN_INVALID"},
		"the API token in its place": {[]string{caller.MetadataKey, token}, "CALLER_TOKEN_INVALID"},
		"the API token":              {[]string{"authorization", "Bearer " + token}, "UNAUTHENTICATED"},
		"it as a bearer":             {[]string{"authorization", "Bearer " + genuine}, "UNAUTHENTICATED"},
		"a user by header":           {[]string{"x-user-id", "users/admin", "x-forwarded-user", "admin", "x-forwarded-email", "admin@example.com"}, "UNAUTHENTICATED"},
		"by a gateway's prefix":      {[]string{"grpc-metadata-fortnight-caller", genuine, "grpcgateway-fortnight-caller", genuine}, "UNAUTHENTICATED"},
		"a session as a cookie":      {[]string{"cookie", "fortnight-session=fns_x"}, "UNAUTHENTICATED"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := metadata.AppendToOutgoingContext(t.Context(), c.metadata...)
			for service, ask := range map[string]func() error{
				"identity": func() error {
					_, err := identity.ListUsers(ctx, &identityv1.ListUsersRequest{})
					return err
				},
				"cycle": func() error {
					_, err := cycle.ListCycles(ctx, &cyclev1.ListCyclesRequest{Parent: "teams/payments"})
					return err
				},
			} {
				err := ask()
				// Keys are fetched once a second at most; in between nobody knows about a key that turns up.
				for deadline := time.Now().Add(20 * time.Second); status.Code(err) == codes.Unavailable && time.Now().Before(deadline); {
					err = ask()
				}
				f := rpcserver.FromStatus(err)
				switch {
				case c.want == "" && err != nil:
					t.Errorf("%s: %v", service, err)
				case c.want != "" && (f == nil || f.Reason != c.want || status.Code(err) != codes.Unauthenticated):
					t.Errorf("%s: %v, want %s", service, err, c.want)
				}
			}
		})
	}

	t.Run("health is open", func(t *testing.T) {
		got, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		if err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("reflection is off", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("got %v", err)
		}
	})
}

// The default program has one door: the port of REST. No broker, no profiles, no gRPC.
func TestPortsOfTheDefaultProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the ports of a process are read from /proc")
	}
	addr := freePort(t)
	p := spawn(t, []string{"FORTNIGHT_DATA_DIR=" + t.TempDir(), "FORTNIGHT_HTTP_ADDR=" + addr}, build(t, "fortnight", "."), "serve")
	url := "http://" + addr
	untilReady(t, url)
	if got := listensOn(t, p.Process.Pid); len(got) != 1 || got[0] != addr {
		t.Errorf("listens on %v, want %s only", got, addr)
	}
	for _, path := range []string{
		"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/varz", "/jsz", "/connz", "/grpc.health.v1.Health/Check",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/fortnight.identity.v1.IdentityService/ListUsers",
	} {
		resp, err := http.Get(url + path) // the process ends with the test
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %s", path, resp.Status)
		}
	}
}

// The scan finds what is there to be found: the same program with every door open.
func TestPortsOfAProgramWithEveryDoor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the ports of a process are read from /proc")
	}
	httpAddr, grpcAddr, adminAddr := freePort(t), freePort(t), freePort(t)
	p := spawn(t, []string{
		"FORTNIGHT_DATA_DIR=" + t.TempDir(), "FORTNIGHT_HTTP_ADDR=" + httpAddr, "FORTNIGHT_GRPC_ADDR=" + grpcAddr, "FORTNIGHT_ADMIN_ADDR=" + adminAddr,
	}, build(t, "fortnight", "."), "serve")
	untilReady(t, "http://"+httpAddr)
	if got := listensOn(t, p.Process.Pid); len(got) != 3 {
		t.Errorf("listens on %v, want three addresses", got)
	}
}

// Plain text beyond this machine is refused at both ends unless the operator says that it is fine.
func TestPlainTextBeyondThisMachine(t *testing.T) {
	run := func(t *testing.T, settings ...string) (*process, string) {
		t.Helper()
		grpcAddr := "0.0.0.0:0"
		httpAddr := freePort(t)
		p := spawn(t, append([]string{"FORTNIGHT_DATA_DIR=" + t.TempDir(), "FORTNIGHT_HTTP_ADDR=" + httpAddr, "FORTNIGHT_GRPC_ADDR=" + grpcAddr}, settings...), build(t, "fortnight", "."), "serve")
		return p, "http://" + httpAddr
	}
	t.Run("refused", func(t *testing.T) {
		p, _ := run(t)
		err := <-p.ended
		p.ended <- nil
		if err == nil || !strings.Contains(p.output.String(), "plain text") {
			t.Errorf("%v, said %s", err, p.output)
		}
	})
	t.Run("allowed", func(t *testing.T) {
		_, url := run(t, "FORTNIGHT_ALLOW_PLAINTEXT=true")
		untilReady(t, url)
	})
	t.Run("certificates instead", func(t *testing.T) {
		a := &apart{fortnight: build(t, "fortnight", "."), certificates: t.TempDir()}
		a.makeCertificates(t)
		_, url := run(t, a.tlsSettings(gatewayName)...)
		untilReady(t, url)
	})
}

// listensOn lists the TCP addresses that a process listens on.
func listensOn(t *testing.T, pid int) []string {
	t.Helper()
	own := map[string]bool{}
	descriptors := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(descriptors)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(descriptors, entry.Name())); err == nil && strings.HasPrefix(target, "socket:[") {
			own[strings.Trim(strings.TrimPrefix(target, "socket:"), "[]")] = true
		}
	}
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		file, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			const listening, state, inode = "0A", 3, 9
			if fields := strings.Fields(lines.Text()); len(fields) > inode && fields[state] == listening && own[fields[inode]] {
				found = append(found, address(t, fields[1]))
			}
		}
		_ = file.Close()
	}
	return found
}

// address reads how the kernel writes one: the bytes of each group of four in the order of the machine.
func address(t *testing.T, text string) string {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(host)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+3 < len(ip); i += 4 {
		ip[i], ip[i+1], ip[i+2], ip[i+3] = ip[i+3], ip[i+2], ip[i+1], ip[i]
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(net.IP(ip).String(), strconv.FormatUint(number, 10))
}
