package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// build compiles a program once per test run and returns its path.
func build(t *testing.T, name, pkg string) string {
	t.Helper()
	dbtest.NeedFTS5(t)
	path := filepath.Join(binaries(t), name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	command := exec.CommandContext(t.Context(), "go", "build", "-o", path, pkg)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	return path
}

var binariesDir struct {
	sync.Once
	path string
}

func binaries(t *testing.T) string {
	t.Helper()
	binariesDir.Do(func() {
		var err error
		if binariesDir.path, err = os.MkdirTemp("", "fortnight-bin"); err != nil { //nolint:usetesting // it outlives the test: TestMain removes it
			t.Fatal(err)
		}
	})
	return binariesDir.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binariesDir.path != "" {
		_ = os.RemoveAll(binariesDir.path)
	}
	os.Exit(code)
}

// process is a program of ours, or the broker, as a process of its own.
type process struct {
	*exec.Cmd
	output *bytes.Buffer
	ended  chan error
}

// spawn starts a process that ends with the test, at the latest with this one.
func spawn(t *testing.T, env []string, path string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(context.WithoutCancel(t.Context()), path, args...), output: &bytes.Buffer{}, ended: make(chan error, 1)}
	p.Env = append(withoutSettings(os.Environ()), env...)
	p.Stdout, p.Stderr = p.output, p.output
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s %v said:\n%s", filepath.Base(path), args, p.output)
		}
	})
	return p
}

func withoutSettings(environ []string) []string {
	var kept []string
	for _, pair := range environ {
		if !strings.HasPrefix(pair, "FORTNIGHT_") {
			kept = append(kept, pair)
		}
	}
	return kept
}

// freePort is a port that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// untilReady waits for /readyz.
func untilReady(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		resp, err := http.Get(url + "/readyz") // the deadline is the loop's
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not ready: %v", url, err)
		}
		time.Sleep(20 * time.Millisecond) // between two looks, not instead of one
	}
}

// Seven services, the gateway and the broker, each a process of its own, tell the same story.
func TestFirstCycleInNineProcesses(t *testing.T) {
	spawnApart(t, false).checkFirstCycle(t)
}

func (a *apart) checkFirstCycle(t *testing.T) {
	t.Helper()
	out := runScript(t, a.url, a.token)
	if !strings.Contains(out, "found: A wider valve raises the flow rate") {
		t.Errorf("the script says:\n%s", out)
	}
	follow(t, a.url, a.token, stepEvents...)
}

// An empty installation is opened once by the printed token; its data outlives the process; a second process on the same
// data is refused; SIGTERM ends it well.
func TestServeFromEmptyToRestart(t *testing.T) {
	fortnight, dir, addr := build(t, "fortnight", "."), t.TempDir(), freePort(t)
	env := []string{"FORTNIGHT_DATA_DIR=" + dir, "FORTNIGHT_HTTP_ADDR=" + addr}
	url := "http://" + addr
	first := spawn(t, env, fortnight, "serve")
	untilReady(t, url)
	_, after, found := strings.Cut(first.output.String(), `"bootstrapToken":"`)
	bootstrap, _, _ := strings.Cut(after, `"`)
	if !found || bootstrap == "" {
		t.Fatalf("no bootstrap token was printed: %s", first.output)
	}
	admin := fmt.Sprintf(`{"bootstrapToken":%q,"userId":"admin","displayName":"Admin"}`, bootstrap)
	status, body := post(t, url+"/v1/bootstrap", "", admin)
	if status != http.StatusOK {
		t.Fatalf("bootstrap answered %d %s", status, body)
	}
	var made struct{ Token struct{ Secret string } }
	if err := json.Unmarshal(body, &made); err != nil || made.Token.Secret == "" {
		t.Fatalf("no token: %v %s", err, body)
	}
	if status, body := post(t, url+"/v1/bootstrap", "", admin); status < 400 || status >= 500 {
		t.Errorf("the bootstrap token worked twice: %d %s", status, body)
	}
	if status, body := post(t, url+"/v1/teams?teamId=payments", made.Token.Secret, `{"displayName":"Payments"}`); status != http.StatusOK {
		t.Errorf("the first admin cannot make a team: %d %s", status, body)
	}

	second := spawn(t, []string{"FORTNIGHT_DATA_DIR=" + dir, "FORTNIGHT_HTTP_ADDR=" + freePort(t)}, fortnight, "serve")
	if err := <-second.ended; err == nil {
		t.Error("a second process on the same data started")
	}
	second.ended <- nil
	if lines := strings.Count(strings.TrimSpace(second.output.String()), "\n"); lines > 0 || !strings.Contains(second.output.String(), "DATA_DIR_IN_USE") && !strings.Contains(second.output.String(), "use") {
		t.Errorf("the second process said: %s", second.output)
	}

	terminate(t, first)
	again := spawn(t, env, fortnight, "serve")
	untilReady(t, url)
	if strings.Contains(again.output.String(), "bootstrapToken") {
		t.Error("an installation with an admin offers a bootstrap token")
	}
	if status, body := post(t, url+"/v1/teams/payments/obstacles", made.Token.Secret, `{"description":"x"}`); status != http.StatusOK {
		t.Errorf("after the restart: %d %s", status, body)
	}
	terminate(t, again)

	create := exec.CommandContext(t.Context(), fortnight, "token", "create", "mina", "--admin")
	create.Env = append(withoutSettings(os.Environ()), env...)
	out, err := create.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "fn_") {
		t.Errorf("token create: %v %s", err, out)
	}
}

// terminate asks a process to end, and expects it to end well.
func terminate(t *testing.T, p *process) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		p.ended <- nil
		if err != nil {
			t.Errorf("it ended with %v: %s", err, p.output)
		}
	case <-time.After(20 * time.Second):
		t.Error("it did not end within 20 s of SIGTERM")
	}
}

func post(t *testing.T, url, token, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func TestWrongSettingsAreRefusedWithOneLineEach(t *testing.T) {
	fortnight := build(t, "fortnight", ".")
	tests := []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"unknown setting", []string{"FORTNIGHT_HTP_ADDR=x"}, []string{"config"}, "FORTNIGHT_HTTP_ADDR"},
		{"unknown service", nil, []string{"serve", "--services", "cycles"}, "cycle"},
		{"services apart without a key", []string{"FORTNIGHT_NATS_URL=nats://127.0.0.1:1"}, []string{"serve", "--services", "cycle"}, "FORTNIGHT_SERVICE_KEY"},
		{"services apart without a broker", []string{"FORTNIGHT_SERVICE_KEY=12345678901234567890"}, []string{"serve", "--services", "cycle"}, "FORTNIGHT_NATS_URL"},
		{"weak bootstrap token", []string{"FORTNIGHT_BOOTSTRAP_TOKEN=short"}, []string{"serve"}, "20"},
		{"the demo beyond this machine", []string{"FORTNIGHT_HTTP_ADDR=0.0.0.0:0"}, []string{"demo"}, "FORTNIGHT_HTTP_ADDR"},
		{"a taken address", []string{"FORTNIGHT_HTTP_ADDR=127.0.0.1:1"}, []string{"serve"}, "FORTNIGHT_HTTP_ADDR"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), fortnight, test.args...)
			command.Env = append(append(withoutSettings(os.Environ()), "FORTNIGHT_DATA_DIR="+t.TempDir()), test.env...)
			if os.Geteuid() == 0 && test.name == "a taken address" {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = listener.Close() }()
				command.Env = append(command.Env, "FORTNIGHT_HTTP_ADDR="+listener.Addr().String())
			}
			out, err := command.CombinedOutput()
			if err == nil {
				t.Fatalf("started: %s", out)
			}
			if text := strings.TrimSpace(string(out)); !strings.Contains(text, test.want) || strings.Contains(text, "\n") {
				t.Errorf("said %q, want one line with %q", text, test.want)
			}
		})
	}
}

func TestConfigMasksSecrets(t *testing.T) {
	command := exec.CommandContext(t.Context(), build(t, "fortnight", "."), "config")
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("a-secret-from-a-file-0123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command.Env = append(withoutSettings(os.Environ()), "FORTNIGHT_BOOTSTRAP_TOKEN=a-secret-from-the-environment", "FORTNIGHT_SERVICE_KEY_FILE="+file)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if strings.Contains(string(out), "a-secret") {
		t.Errorf("a secret is shown:\n%s", out)
	}
	for _, want := range []string{"FORTNIGHT_HTTP_ADDR", "127.0.0.1:8080", "default", "environment", file} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing about %q:\n%s", want, out)
		}
	}
}
