package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

// What is secret goes to whoever it was made for and nowhere else: after a story that touches everything, none of it is in a log
// at level debug, a metric, a trace, an event, an error, a file or a row of a database. And nothing that is in the databases lets
// anybody in.
func TestNoSecretIsKeptOrTold(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			s := newSecretStory(t, withPassword(t, databaseURL(t, engine)))
			s.tell(t)
			kept := s.collect(t)
			s.checkKept(t, kept)
			s.checkControl(t, kept)
			s.checkNothingLetsIn(t, kept["the rows of the databases"])
		})
	}
}

// databasePassword stands in the address of the database. The server of the tests asks for none.
const databasePassword = "a-password-of-the-database-0451"

func withPassword(t *testing.T, address string) string {
	t.Helper()
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), databasePassword)
	return u.String()
}

// secretStory is a program whose every output is kept, and every secret that it was given or gave out.
type secretStory struct {
	*started
	dir      string
	log      *lockedBuffer
	traces   *lockedBuffer
	provider *oidctest.Provider
	errors   strings.Builder
	secrets  map[string]string // what it is by secret
}

// lockedBuffer is a buffer that several may write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newSecretStory starts the program: the log at level debug, traces sent to a collector of the test, a provider to sign in at.
func newSecretStory(t *testing.T, databaseURL string) *secretStory {
	t.Helper()
	return newSecretStoryAt(t, time.Now, databaseURL)
}

// newSecretStoryAt starts the program at a clock that the test moves.
func newSecretStoryAt(t *testing.T, clock func() time.Time, databaseURL string) *secretStory {
	t.Helper()
	dbtest.NeedFTS5(t)
	s := &secretStory{dir: t.TempDir(), log: &lockedBuffer{}, traces: &lockedBuffer{}, secrets: map[string]string{}}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+collectTraces(t, s.traces))
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
	s.provider = oidctest.New(t, time.Now)
	settings := Settings{
		HTTPAddr: "127.0.0.1:0", DataDir: s.dir, DatabaseURL: config.Secret(databaseURL), StopTimeout: 10 * time.Second, NATSReplicas: 1,
		ServiceKey: config.Secret("a-service-key-that-nobody-may-see"),
		SignInSettings: SignInSettings{
			OIDCIssuer: s.provider.Issuer, OIDCClientID: oidctest.ClientID, OIDCClientSecret: oidctest.ClientSecret, OIDCScopes: "profile email",
			OIDCGroupsClaim: "groups",
		},
	}
	s.secret("the service key", settings.ServiceKey.Reveal())
	s.secret("the provider's client secret", oidctest.ClientSecret)
	if databaseURL != "" {
		s.secret("the password of the database", databasePassword)
	}
	logger, err := telemetry.NewLogger(s.log, "json", "debug")
	if err != nil {
		t.Fatal(err)
	}
	bootstrap := ""
	program, err := newProgramAt(t.Context(), clock, settings, append(serveAll(), gatewayName), logger, func(token string) { bootstrap = token })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- program.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
		program.Close()
	})
	s.started = &started{Program: program, URL: "http://" + program.Addr()}
	s.provider.RedirectURIs = []string{s.URL + "/sign-in/callback"}
	s.secret("the bootstrap token", bootstrap)
	made := s.call(t, "", http.MethodPost, "/v1/bootstrap", fmt.Sprintf(`{"bootstrapToken":%q,"userId":"root","displayName":"Root"}`, bootstrap))
	if made.Status != http.StatusOK {
		t.Fatalf("bootstrap answers %d %s", made.Status, made.Text)
	}
	s.Token = made.Body["token"].(map[string]any)["secret"].(string)
	s.secret("the first admin's token", s.Token)
	return s
}

// secret remembers a secret.
func (s *secretStory) secret(what, secret string) {
	if len(secret) >= 16 {
		s.secrets[secret] = what
	}
}

// refused makes a request that is refused, and keeps what was answered.
func (s *secretStory) refused(t *testing.T, token, method, path, body string, headers ...string) {
	t.Helper()
	got := s.call(t, token, method, path, body, headers...)
	if got.Status < 400 {
		t.Errorf("%s %s: %d %s", method, path, got.Status, got.Text)
	}
	s.errors.WriteString(got.Text + fmt.Sprint(got.Header) + "\n")
}

// tell tells the story: a whole cycle, tokens, both ways to sign in, an import, refusals, the audit log.
func (s *secretStory) tell(t *testing.T) {
	t.Helper()
	runScript(t, s.URL, s.Token)
	s.must(t, http.MethodPost, "/v1/users?userId=mina", `{"displayName":"Mina"}`)
	s.must(t, http.MethodPost, "/v1/directory:import", `{"format":"DIRECTORY_FORMAT_CSV","content":"team,user,role\npayments,mina,coach\n"}`)
	for what, path := range map[string]string{"a user's token": "users/mina", "a bot's token": "teams/payments", "a revoked token": "users/mina"} {
		made := s.must(t, http.MethodPost, "/v1/"+path+"/tokens", `{"displayName":"x"}`)
		secret := made.Body["secret"].(string)
		s.secret(what, secret)
		s.call(t, secret, http.MethodGet, "/v1/caller", "", "Idempotency-Key", secret) // whoever takes it for one
		if what == "a revoked token" {
			s.must(t, http.MethodPost, "/v1/"+made.Body["name"].(string)+":revoke", `{}`)
			s.refused(t, secret, http.MethodGet, "/v1/caller", "")
		}
		mistyped := secret[:len(secret)-1] + map[bool]string{true: "b", false: "a"}[strings.HasSuffix(secret, "a")]
		s.secret(what+", mistyped", mistyped)
		s.refused(t, mistyped, http.MethodGet, "/v1/caller", "")
		s.refused(t, "", http.MethodPost, "/v1/bootstrap", fmt.Sprintf(`{"bootstrapToken":%q,"userId":"root","displayName":"Root"}`, mistyped))
	}
	s.refused(t, s.Token, http.MethodPost, "/v1/teams/payments/obstacles", `{"description":7}`)
	s.refused(t, s.Token, http.MethodGet, "/v1/teams/payments/obstacles/none", "")
	s.deliverySecrets(t)
	s.signInWithLink(t)
	s.signInAtProvider(t)
	s.must(t, http.MethodGet, "/v1/auditEvents", "")
	if got := s.call(t, s.Token, http.MethodGet, "/v1/auditEvents:export", ""); got.Status != http.StatusOK {
		t.Errorf("the export of the audit log answers %d %s", got.Status, got.Text)
	}
}

// browser is a client with cookies that stays where it is sent.
func (s *secretStory) browser(t *testing.T) *http.Client {
	t.Helper()
	return &http.Client{Jar: newJar(t), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send makes a browser's request and keeps what a refusal says.
func (s *secretStory) send(t *testing.T, browser *http.Client, method, address string, form url.Values) (status int, location, page string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode >= 400 {
		s.errors.Write(text)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(text)
}

// session remembers the session that a browser has got, and what proves its forms.
func (s *secretStory) session(t *testing.T, browser *http.Client, how string) {
	t.Helper()
	here, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, cookie := range browser.Jar.Cookies(here) {
		s.secret("the cookie "+cookie.Name+" of "+how, cookie.Value)
		found = found || cookie.Name == "fortnight-session"
	}
	if !found {
		t.Errorf("%s opened no session", how)
		return
	}
	status, _, page := s.send(t, browser, http.MethodGet, s.URL+"/account", nil)
	proof := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)
	if status != http.StatusOK || len(proof) != 2 {
		t.Fatalf("the account page answers %d without a form: %s", status, page)
	}
	s.secret("the proof of the forms of "+how, proof[1])
	if status, _, _ := s.send(t, browser, http.MethodPost, s.URL+"/sign-out", url.Values{"csrf": {proof[1] + "x"}}); status < 400 {
		t.Errorf("a wrong proof is answered with %d", status)
	}
	if status, _, _ := s.send(t, browser, http.MethodPost, s.URL+"/sign-out", url.Values{"csrf": {proof[1]}}); status >= 400 {
		t.Errorf("signing out is answered with %d", status)
	}
}

func (s *secretStory) signInWithLink(t *testing.T) {
	t.Helper()
	path := s.must(t, http.MethodPost, "/v1/users/mina/signInLinks", `{}`).Body["path"].(string)
	link, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := link.Query().Get("secret")
	if secret == "" {
		t.Fatalf("no secret in the link %s", path)
	}
	s.secret("a sign-in link", secret)
	browser := s.browser(t)
	s.send(t, browser, http.MethodGet, s.URL+path, nil)
	if status, _, page := s.send(t, browser, http.MethodPost, s.URL+"/sign-in/link", url.Values{"secret": {secret}}); status >= 400 {
		t.Fatalf("the link is answered with %d %s", status, page)
	}
	s.session(t, browser, "a sign-in with a link")
	if status, _, _ := s.send(t, s.browser(t), http.MethodPost, s.URL+"/sign-in/link", url.Values{"secret": {secret}}); status < 400 {
		t.Errorf("the link worked twice: %d", status)
	}
}

func (s *secretStory) signInAtProvider(t *testing.T) {
	t.Helper()
	s.provider.SignIn(oidctest.Person{Subject: "4711", Name: "Jonas", Email: "jonas@example.com", EmailVerified: true})
	browser := s.browser(t)
	status, to, page := s.send(t, browser, http.MethodGet, s.URL+"/sign-in/provider?returnTo=/account", nil)
	if to == "" {
		t.Fatalf("the sign-in at the provider is answered with %d %s", status, page)
	}
	back := s.provider.Visit(t, to)
	for _, name := range []string{"state", "code"} {
		s.secret("the "+name+" of a sign-in", back.Query().Get(name))
	}
	for _, name := range []string{"nonce", "state"} {
		if u, err := url.Parse(to); err == nil {
			s.secret("the "+name+" of a sign-in", u.Query().Get(name))
		}
	}
	if status, _, page := s.send(t, browser, http.MethodGet, back.String(), nil); status >= 400 {
		t.Fatalf("the way back from the provider is answered with %d %s", status, page)
	}
	if status, _, _ := s.send(t, browser, http.MethodGet, back.String(), nil); status < 300 {
		t.Errorf("the same way back again: %d", status)
	}
	s.session(t, browser, "a sign-in at the provider")
	for _, secret := range s.provider.Secrets() {
		s.secret("what the provider gave out", secret)
	}
}
