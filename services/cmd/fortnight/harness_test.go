package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// started is the whole program, running in this process on a port of its own, with an admin.
type started struct {
	*Program
	URL, Token string
}

// start runs the program on SQLite until the test ends.
func start(t *testing.T) *started {
	t.Helper()
	return startOn(t, "")
}

// startOn runs the program on a database until the test ends. The test fails when the program does not end well.
func startOn(t *testing.T, databaseURL string) *started {
	t.Helper()
	dbtest.NeedFTS5(t)
	settings := Settings{
		HTTPAddr: "127.0.0.1:0", DataDir: t.TempDir(), DatabaseURL: config.Secret(databaseURL), StopTimeout: 10 * time.Second, NATSReplicas: 1,
	}
	log := &lockedBuffer{}
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	program, err := newProgram(t.Context(), settings, append(serveAll(), gatewayName), logger, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- program.Run(ctx) }()
	t.Cleanup(func() {
		defer program.Close()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
		keepsSecrets(t, program, log.String())
	})
	token, err := program.identity.IssueToken(t.Context(), "root", "Root", []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &started{Program: program, URL: "http://" + program.Addr(), Token: token}
}

// answer is what REST answered.
type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
	Text   string
}

// call sends one REST request as the holder of token; headers are name, value pairs.
func (s *started) call(t *testing.T, token, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := answer{Status: resp.StatusCode, Header: resp.Header, Text: string(text)}
	if got.Status >= http.StatusBadRequest && credentialForm.MatchString(got.Text) {
		t.Errorf("%s %s: the refusal holds a credential", method, path)
	}
	_ = json.Unmarshal(text, &got.Body)
	return got
}

// must calls as the admin and expects success.
func (s *started) must(t *testing.T, method, path, body string) answer {
	t.Helper()
	got := s.call(t, s.Token, method, path, body)
	if got.Status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Text)
	}
	return got
}

// member makes a user who is a member of one team, and a token for it.
func (s *started) member(t *testing.T, user, team, role string) (token string) {
	t.Helper()
	s.must(t, http.MethodPost, "/v1/users?userId="+user, `{"displayName":"`+user+`"}`)
	s.must(t, http.MethodPost, "/v1/teams/"+team+"/members", `{"user":"users/`+user+`","role":"`+role+`"}`)
	made := s.must(t, http.MethodPost, "/v1/users/"+user+"/tokens", `{"displayName":"test"}`)
	return made.Body["secret"].(string)
}

// runScript runs the example of a first cycle against a running program.
func runScript(t *testing.T, url, token string) string {
	t.Helper()
	script, err := filepath.Abs("../../../examples/first-cycle.sh")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "bash", script)
	command.Env = append(os.Environ(), "FORTNIGHT_URL="+url, "FORTNIGHT_TOKEN="+token, "RUN=test")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// follow reads the live stream from the start until every wanted event type was seen, and returns them in order.
func follow(t *testing.T, url, token string, wanted ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/events?since=start", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	missing := map[string]bool{}
	for _, name := range wanted {
		missing[name] = true
	}
	var seen []string
	for lines := bufio.NewScanner(resp.Body); len(missing) > 0 && lines.Scan(); {
		if name, found := bytes.CutPrefix(lines.Bytes(), []byte("event: ")); found {
			seen = append(seen, string(name))
			delete(missing, string(name))
		}
	}
	for name := range missing {
		t.Errorf("no event %s on the live stream", name)
	}
	return seen
}
