package main

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

// jonas is the person at the provider.
var jonas = oidctest.Person{
	Subject: "4711", Name: "Jonas Berg", PreferredUsername: "jonas", Email: "jonas@example.com", EmailVerified: true, Groups: []string{"pay-coaches", "leads", "chess"},
}

// TestSignInInABrowser signs people in and out as they do it: with Chromium, a keyboard and a mouse.
func TestSignInInABrowser(t *testing.T) {
	dbtest.NeedFTS5(t)
	b := newBrowser(t)
	asked, askedAt := withProvider(t, false)
	sent, sentAt := withProvider(t, true)
	t.Run("cases", func(t *testing.T) {
		for name, run := range map[string]func(t *testing.T){
			"link":       func(t *testing.T) { signInByLink(t, b, asked) },
			"keyboard":   func(t *testing.T) { signInByKeyboard(t, b, asked) },
			"provider":   func(t *testing.T) { signInAtTheProvider(t, b, asked, askedAt) },
			"automatic":  func(t *testing.T) { signInWithoutAsking(t, b, sent, sentAt) },
			"sessions":   func(t *testing.T) { endOtherSessions(t, b, asked) },
			"other site": func(t *testing.T) { otherSites(t, b, asked) },
			"pages":      func(t *testing.T) { pagesOfSignIn(t, b, asked) },
			"help":       func(t *testing.T) { pagesOfHelp(t, b, asked) },
			"watch":      func(t *testing.T) { theWatchWorks(t, b, asked) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run(t)
			})
		}
	})
}

// withProvider starts the program with a provider where Jonas is signed in, and a team that a group gives.
func withProvider(t *testing.T, automatic bool) (*started, *oidctest.Provider) {
	t.Helper()
	provider := oidctest.New(t, time.Now)
	s := startAt(t, time.Now, Settings{SignInSettings: SignInSettings{
		OIDCIssuer: provider.Issuer, OIDCClientID: oidctest.ClientID, OIDCClientSecret: config.Secret(oidctest.ClientSecret), OIDCDisplayName: "Example",
		OIDCScopes: "profile email", OIDCGroupsClaim: "groups", OIDCGroups: "pay-coaches=payments:coach, leads=manager", OIDCAutomatic: automatic,
		SessionIdle: time.Hour, SessionLifetime: 24 * time.Hour,
	}}, slog.New(slog.DiscardHandler))
	provider.RedirectURIs = []string{s.URL + "/sign-in/callback"}
	provider.SignIn(jonas)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	for user, name := range map[string]string{"ada": "Ada Lovelace", "keys": "Kay Board", "mina": "Mina Harker", "victim": "Vera Victim", "page": "Paige Page"} {
		s.must(t, http.MethodPost, "/v1/users?userId="+user, `{"displayName":"`+name+`"}`)
	}
	return s, provider
}

// link makes a sign-in link for a user and returns its path.
func (s *started) link(t *testing.T, user, returnTo string) string {
	t.Helper()
	return s.must(t, http.MethodPost, "/v1/users/"+user+"/signInLinks", `{"returnTo":"`+returnTo+`"}`).Body["path"].(string)
}

// sessionsOf counts the browsers that a user is signed in with.
func (s *started) sessionsOf(t *testing.T, user string) int {
	t.Helper()
	listed, _ := s.must(t, http.MethodGet, "/v1/users/"+user+"/sessions", "").Body["sessions"].([]any)
	return len(listed)
}

func signInByLink(t *testing.T, b *browser, s *started) {
	path := s.link(t, "ada", "/account?from=link")
	secret := path[strings.LastIndexByte(path, '=')+1:]
	at := b.open(t, s.URL)
	for range 2 { // as a chat program does that wants to show what is behind
		at.visit(path)
		at.says("Sign in with this link?")
	}
	if got := s.sessionsOf(t, "ada"); got != 0 {
		t.Errorf("looking at the link has made %d sessions", got)
	}
	at.press("Sign in")
	at.is("/account?from=link")
	at.says("Ada Lovelace", "this browser")
	if readable := at.script("document.cookie"); readable != "" {
		t.Errorf("scripts can read %q", readable)
	}
	cookies, err := chromedp.Call(at.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		t.Fatal(err)
	}
	if len(cookies.Cookies) != 1 {
		t.Fatalf("the browser has %d cookies", len(cookies.Cookies))
	}
	cookie := cookies.Cookies[0]
	if !cookie.HTTPOnly || cookie.SameSite != network.CookieSameSiteLax || cookie.Path != "/" || cookie.Domain != "127.0.0.1" {
		t.Errorf("the cookie is %+v", cookie)
	}
	if kept := at.script("location.href + document.referrer + document.documentElement.outerHTML"); strings.Contains(kept, secret) || strings.Contains(kept, cookie.Value) {
		t.Error("the page that follows holds a secret")
	}
	at.visit("/sign-out")
	at.press("Sign out")
	at.is("/sign-in?signedOut")
	at.says("You are signed out.")

	// Back to the page of the link: it is only a page, and its link is used.
	at.script("history.go(-3); ''")
	at.becomes(path)
	at.visit("/account")
	at.is("/sign-in?returnTo=%2Faccount")
	at.visit(path)
	if status := at.press("Sign in"); status != http.StatusUnauthorized {
		t.Errorf("a used link: %d", status)
	}
	at.says("SIGN_IN_LINK_INVALID", "Back to the sign-in")
	if got := s.sessionsOf(t, "ada"); got != 0 {
		t.Errorf("%d sessions after the sign-out", got)
	}
	at.clean()
}

func signInByKeyboard(t *testing.T, b *browser, s *started) {
	path := s.link(t, "keys", "/account")
	at := b.open(t, s.URL)
	at.visit("/account")
	at.is("/sign-in?returnTo=%2Faccount")
	at.tabTo("Sign in with a link instead")
	at.do(chromedp.KeyEvent(kb.Enter))
	at.becomes("/sign-in/local")
	at.tabTo("Link, or the secret in it")
	at.do(chromedp.KeyEvent(s.URL + path + kb.Enter))
	at.becomes("/account")
	at.says("Kay Board")

	// The first stop leads past the frame.
	at.tabTo("Skip to the content")
	at.do(chromedp.KeyEvent(kb.Enter))
	at.becomes("/account#main")
	at.tabTo("Sign out here")
	at.do(chromedp.KeyEvent(kb.Enter))
	at.becomes("/sign-in?signedOut")
	at.clean()
}

func signInAtTheProvider(t *testing.T, b *browser, s *started, provider *oidctest.Provider) {
	at := b.open(t, s.URL)
	at.visit("/account?deep=1")
	at.is("/sign-in?returnTo=%2Faccount%3Fdeep%3D1")
	at.press("Sign in with Example")
	at.is("/account?deep=1")
	at.says("Jonas Berg", "manager", "payments (coach)", "at the provider")
	if readable := at.script("document.cookie"); readable != "" {
		t.Errorf("scripts can read %q", readable)
	}
	// The groups are decided anew at each sign-in.
	moved := jonas
	moved.Groups = []string{"chess"}
	provider.SignIn(moved)
	other := b.open(t, s.URL)
	other.visit("/sign-in?returnTo=/account")
	other.press("Sign in with Example")
	other.is("/account")
	other.says("Jonas Berg", "none yet")
	for _, lost := range []string{"manager", "payments"} {
		if strings.Contains(other.text(), lost) {
			t.Errorf("Jonas still has %s", lost)
		}
	}
	at.clean(provider.Issuer)
	other.clean(provider.Issuer)
}

func signInWithoutAsking(t *testing.T, b *browser, s *started, provider *oidctest.Provider) {
	at := b.open(t, s.URL)
	at.visit("/account")
	at.is("/account")
	at.says("Jonas Berg", "payments (coach)")
	var ways []string
	for _, address := range at.documents() {
		way, _, _ := strings.Cut(address, "?")
		ways = append(ways, way)
	}
	if want := []string{
		s.URL + "/account", s.URL + "/sign-in", s.URL + "/sign-in/provider", provider.Issuer + oidctest.Authorize, s.URL + "/sign-in/callback", s.URL + "/account",
	}; !slices.Equal(ways, want) {
		t.Errorf("the browser went\n%q, want\n%q", ways, want)
	}
	// Signed out, it stays so; the provider, which would let Jonas in again at once, is not asked.
	once := provider.Requests(oidctest.Authorize)
	at.visit("/sign-out")
	at.press("Sign out")
	at.becomes("/sign-in?signedOut")
	at.says("You are signed out.")
	if provider.Requests(oidctest.EndSession) != 1 || provider.Requests(oidctest.Authorize) != once {
		t.Errorf("the provider was asked %d times for the end and %d times to sign in", provider.Requests(oidctest.EndSession), provider.Requests(oidctest.Authorize)-once)
	}
	// Refused, it stays so, too.
	provider.Behave(oidctest.Behaviour{Error: "access_denied"})
	if status := at.visit("/account"); status < 400 {
		t.Errorf("a refusal: %d", status)
	}
	at.examine("refused", looks...)
	at.press("Back to the sign-in")
	at.is("/sign-in?failed")
	at.says("Sign in with Example", "Sign in with a link instead")
	if got := provider.Requests(oidctest.Authorize) - once; got != 1 {
		t.Errorf("after a refusal the provider was asked %d times", got)
	}
	// A sign-out that the provider does not answer leaves a page that says so.
	provider.Behave(oidctest.Behaviour{Slow: oidctest.EndSession})
	provider.SignIn(jonas)
	at.press("Sign in with Example")
	ended := provider.Requests(oidctest.EndSession)
	at.visit("/sign-out")
	at.press("Sign out")
	testkit.Eventually(t, "the question to the provider", func() bool { return provider.Requests(oidctest.EndSession) > ended })
	at.do(chromedp.Stop()) // while another page is on its way, the browser answers no questions about this one
	at.says("You are signed out of Fortnight", "Sign out at the provider")
	at.examine("signed-out", looks...)
	at.clean(provider.Issuer)
}

func endOtherSessions(t *testing.T, b *browser, s *started) {
	here, there := b.open(t, s.URL), b.open(t, s.URL)
	for _, at := range []*tab{here, there} {
		at.visit(s.link(t, "mina", "/account"))
		at.press("Sign in")
		at.is("/account")
	}
	here.visit("/account")
	cards := `[...document.querySelectorAll(".cards li")].map(card => card.querySelector(".mark") ? "this" : "other").sort().join()`
	if got := here.script(cards); got != "other,this" {
		t.Fatalf("the page lists %q", got)
	}
	here.says("Chrome on Linux", "127.0.0.1", "with a link")
	here.press("Revoke")
	here.is("/account")
	if got := here.script(cards); got != "this" {
		t.Errorf("after the end of the other the page lists %q", got)
	}
	there.visit("/account")
	there.is("/sign-in?returnTo=%2Faccount")
	if cookies, err := chromedp.Call(there.ctx, network.GetCookies, network.GetCookiesParams{}); err != nil || len(cookies.Cookies) != 0 {
		t.Errorf("the browser keeps %d cookies of a session that is over, %v", len(cookies.Cookies), err)
	}
	here.press("Sign out here")
	here.is("/sign-in?signedOut")
	if got := s.sessionsOf(t, "mina"); got != 0 {
		t.Errorf("%d sessions are left", got)
	}
	here.clean()
	there.clean()
}
