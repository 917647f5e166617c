package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// command runs the program as an operator or a user would, and returns what it printed.
func command(t *testing.T, env []string, args ...string) (out, told string, err error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), build(t, "fortnight", "."), args...)
	c.Env = append(withoutSettings(os.Environ()), env...)
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	return strings.TrimSpace(stdout.String()), stderr.String(), err
}

// obeyed is command when it must succeed.
func obeyed(t *testing.T, env []string, args ...string) string {
	t.Helper()
	out, told, err := command(t, env, args...)
	if err != nil {
		t.Fatalf("fortnight %s: %v\n%s", strings.Join(args, " "), err, told)
	}
	return out
}

func TestOperatorsCommandsWhileTheProgramRuns(t *testing.T) {
	s := start(t)
	env := []string{"FORTNIGHT_DATA_DIR=" + s.settings.DataDir, "FORTNIGHT_PUBLIC_URL=http://ignored.example.com"}
	socket := filepath.Join(s.settings.DataDir, "identity", socketName)
	info, err := os.Lstat(socket)
	if err != nil || info.Mode().Type() != fs.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Fatalf("the socket is %v, %v", info, err)
	}

	everything := obeyed(t, env, "token", "create", "ops", "--admin")
	if got := s.call(t, everything, http.MethodGet, "/v1/users", ""); got.Status != http.StatusOK {
		t.Errorf("the operator's token: %d %s", got.Status, got.Text)
	}
	readOnly := obeyed(t, env, "token", "create", "ops", "--scope", "read")
	if got := s.call(t, readOnly, http.MethodGet, "/v1/caller", ""); got.Status != http.StatusOK || got.Body["readOnly"] != true {
		t.Errorf("a token for reading: %d %s", got.Status, got.Text)
	}
	link, err := url.Parse(obeyed(t, env, "sign-in-link", "ops", "--return-to", "/teams/payments"))
	if err != nil || "http://"+link.Host != s.URL || link.Path != "/sign-in/link" || !strings.HasPrefix(link.Query().Get("secret"), "fnl_") {
		t.Errorf("link = %v, %v", link, err)
	}
	obeyed(t, env, "sign-in-link", "first", "--admin")
	if got := s.must(t, http.MethodGet, "/v1/users/first", ""); !strings.Contains(got.Text, "ORGANIZATION_ROLE_ADMIN") {
		t.Errorf("the user of the link: %s", got.Text)
	}

	for want, args := range map[string][]string{
		`no user "users/ghost"`:                         {"sign-in-link", "ghost"},
		"must be a path of this installation":           {"sign-in-link", "ops", "--return-to", "//evil.example.com"},
		`"Not An Id" is no id`:                          {"token", "create", "Not An Id"},
		`"everything" is not a scope`:                   {"token", "create", "ops", "--scope", "everything"},
		"a token lives 400 days at most":                {"token", "create", "ops", "--lifetime", "99999h"},
		"a user's token cannot have the scope bot:team": {"token", "create", "ops", "--scope", "bot:team"},
	} {
		out, told, err := command(t, env, args...)
		if err == nil || !strings.Contains(told, want) || out != "" {
			t.Errorf("%v: %v, printed %q, said %s", args, err, out, told)
		}
	}

	testkit.Eventually(t, "the audit log tells of the command line", func() bool {
		var log struct {
			AuditEvents []struct{ Action, Door string }
		}
		if err := json.Unmarshal([]byte(s.must(t, http.MethodGet, "/v1/auditEvents?pageSize=100", "").Text), &log); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range log.AuditEvents {
			if e.Door == "AUDIT_DOOR_COMMAND_LINE" {
				seen[e.Action] = true
			}
		}
		return seen["AUDIT_ACTION_TOKEN_CREATED"] && seen["AUDIT_ACTION_SIGN_IN_LINK_CREATED"] && seen["AUDIT_ACTION_USER_CREATED"]
	})
}

// A program that was killed leaves its socket behind: nobody is taken in by it, and the next one replaces it.
func TestSocketOfAKilledProgram(t *testing.T) {
	program, dir, addr := build(t, "fortnight", "."), t.TempDir(), freePort(t)
	env := []string{"FORTNIGHT_DATA_DIR=" + dir, "FORTNIGHT_HTTP_ADDR=" + addr}
	socket := filepath.Join(dir, "identity", socketName)
	for range 2 {
		running := spawn(t, env, program, "serve")
		untilReady(t, "http://"+addr)
		obeyed(t, env, "token", "create", "ops")
		if err := running.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-running.ended
		running.ended <- nil // for the end of the test
		if _, err := os.Lstat(socket); err != nil {
			t.Fatalf("nothing was left behind: %v", err)
		}
		obeyed(t, env, "token", "create", "ops") // by the database itself
	}
	if link := obeyed(t, env, "sign-in-link", "ops"); !strings.HasPrefix(link, "http://"+addr+"/sign-in/link?secret=fnl_") {
		t.Errorf("link = %s", link)
	}
}

func TestAnOrderlyEndTakesTheSocketAway(t *testing.T) {
	program, dir, addr := build(t, "fortnight", "."), t.TempDir(), freePort(t)
	running := spawn(t, []string{"FORTNIGHT_DATA_DIR=" + dir, "FORTNIGHT_HTTP_ADDR=" + addr}, program, "serve")
	untilReady(t, "http://"+addr)
	if err := running.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := <-running.ended
	running.ended <- err
	if err != nil {
		t.Fatalf("the program ended with %v", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "identity", socketName)); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// The path of a socket has a bound that directories do not have.
func TestSocketBelowALongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	for range 2 { // the second replaces what the first left behind
		listener, err := listenUnix(dir)
		if err != nil {
			t.Fatal(err)
		}
		path, done, err := shortPath(dir)
		if err != nil || len(path)+1+len(socketName) > socketPathMost {
			t.Fatalf("%s, %v", path, err)
		}
		accepted := make(chan error, 1)
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				err = conn.Close()
			}
			accepted <- err
		}()
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", filepath.Join(path, socketName))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if err := <-accepted; err != nil {
			t.Fatal(err)
		}
		done()
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the short path stays: %v", err)
		}
		_ = listener.(*unixListener).Listener.Close() // as if killed: the file stays
	}
	if _, err := askRunning(context.Background(), dir, "/token", operatorOrder{}); !errors.Is(err, errNobodyRuns) {
		t.Errorf("asking nobody: %v", err)
	}
	if _, err := askRunning(context.Background(), filepath.Join(dir, "not", "there"), "/token", operatorOrder{}); !errors.Is(err, errNobodyRuns) {
		t.Errorf("asking nowhere: %v", err)
	}
}

func TestProvisioningAtTheStart(t *testing.T) {
	program, dir, addr := build(t, "fortnight", "."), t.TempDir(), freePort(t)
	file := filepath.Join(dir, "people.yaml")
	env := []string{"FORTNIGHT_DATA_DIR=" + filepath.Join(dir, "data"), "FORTNIGHT_HTTP_ADDR=" + addr, "FORTNIGHT_PROVISIONING_FILE=" + file}
	if err := os.WriteFile(file, []byte("users:\n  - id: Mina\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, told, err := command(t, env, "serve")
	if err == nil || !strings.Contains(told, `people.yaml:2:9: users[0].id: "Mina" is no id`) {
		t.Fatalf("a wrong file: %v, %s", err, told)
	}
	example, err := os.ReadFile(filepath.FromSlash("../../../examples/provisioning.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, example, 0o600); err != nil {
		t.Fatal(err)
	}
	spawn(t, env, program, "serve")
	untilReady(t, "http://"+addr)
	s := &started{URL: "http://" + addr, Token: obeyed(t, env, "token", "create", "mina")}
	if got := s.must(t, http.MethodGet, "/v1/teams/payments", ""); got.Body["provisionedBy"] != "people.yaml" {
		t.Errorf("team: %s", got.Text)
	}
	if got := s.call(t, "not-a-secret-only-an-example", http.MethodGet, "/v1/caller", ""); got.Body["botTeam"] != "teams/payments" {
		t.Errorf("the board is %s", got.Text)
	}
	got := s.call(t, s.Token, http.MethodPatch, "/v1/teams/payments", `{"displayName":"Other"}`)
	if got.Status != http.StatusBadRequest || !strings.Contains(got.Text, "PROVISIONED") || !strings.Contains(got.Text, "people.yaml") {
		t.Errorf("a change by hand: %d %s", got.Status, got.Text)
	}
}
