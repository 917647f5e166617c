package gateway_test

import (
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// wantPage checks a page that tells what went wrong.
func (a answer) wantPage(t *testing.T, status int, reason string) {
	t.Helper()
	if a.StatusCode != status || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("status %d, type %q: %s", a.StatusCode, a.Header.Get("Content-Type"), a.body)
	}
	for _, part := range []string{"<code>" + reason + "</code>", "<code>" + a.Header.Get("X-Request-Id") + "</code>", `<html lang="en">`, "<h1>"} {
		if !strings.Contains(a.body, part) {
			t.Errorf("the page lacks %q: %s", part, a.body)
		}
	}
}

// wantRedirect checks where a browser is sent.
func (a answer) wantRedirect(t *testing.T, status int, location string) {
	t.Helper()
	if a.StatusCode != status || a.Header.Get("Location") != location {
		t.Fatalf("status %d to %q, want %d to %q: %s", a.StatusCode, a.Header.Get("Location"), status, location, a.body)
	}
}

func (w *world) guest(method, path, form string, headers ...string) answer {
	w.t.Helper()
	return w.browse(method, path, form, append([]string{"Cookie", ""}, headers...)...)
}

func TestSignInPage(t *testing.T) {
	for _, test := range []struct {
		name, path string
		methods    *identityv1.SignInMethods
		location   string // of a redirect
		holds      string
	}{
		{"no provider", "/sign-in", &identityv1.SignInMethods{}, "", `href="/sign-in/local"`},
		{
			"a provider", "/sign-in?returnTo=%2Fteams%2Fa%3Fx%3D1", &identityv1.SignInMethods{ProviderDisplayName: "Corp & Co"}, "",
			`href="/sign-in/provider?returnTo=%2Fteams%2Fa%3Fx%3D1">Sign in with Corp & Co</a>`,
		},
		{"the only way", "/sign-in?returnTo=/teams/a", &identityv1.SignInMethods{ProviderDisplayName: "Corp", Automatic: true}, "/sign-in/provider?returnTo=%2Fteams%2Fa", ""},
		{"not after signing out", "/sign-in?signedOut", &identityv1.SignInMethods{ProviderDisplayName: "Corp", Automatic: true}, "", "You are signed out."},
		{"not after a failure", "/sign-in?failed", &identityv1.SignInMethods{ProviderDisplayName: "Corp", Automatic: true}, "", "Sign in with Corp"},
		{"not when another way is asked for", "/sign-in?local", &identityv1.SignInMethods{ProviderDisplayName: "Corp", Automatic: true}, "", `href="/sign-in/local"`},
		{"automatic without a provider", "/sign-in", &identityv1.SignInMethods{Automatic: true}, "", `href="/sign-in/local"`},
		{"elsewhere", "/sign-in?returnTo=https://evil.example", &identityv1.SignInMethods{ProviderDisplayName: "Corp"}, "", `href="/sign-in/provider?returnTo=%2F"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.identity.methods = test.methods
			a := w.guest("GET", test.path, "")
			if test.location != "" {
				a.wantRedirect(t, http.StatusSeeOther, test.location)
				return
			}
			a.wantOK(t)
			if !strings.Contains(html.UnescapeString(a.body), test.holds) {
				t.Errorf("the page lacks %q: %s", test.holds, a.body)
			}
		})
	}
}

func TestWhoIsSignedInNeedNotSignIn(t *testing.T) {
	w := newWorld(t)
	w.browse("GET", "/sign-in?returnTo=/teams/payments", "").wantRedirect(t, http.StatusSeeOther, "/teams/payments")
	a := w.browse("GET", "/sign-in", "", "Cookie", plainCookie+"=fns_over")
	a.wantOK(t)
	if c := a.cookie(plainCookie); c == nil || c.MaxAge >= 0 {
		t.Error("the session that is over stays in the browser")
	}
}

func TestALinkSignsInOnce(t *testing.T) {
	w := newWorld(t)
	for range 2 { // what shows a preview may open it as often as it likes
		a := w.guest("GET", "/sign-in/link?secret=fnl_one", "")
		a.wantOK(t)
		if !strings.Contains(a.body, `name="secret" value="fnl_one"`) || len(a.Cookies()) != 0 {
			t.Fatalf("%v %s", a.Cookies(), a.body)
		}
	}
	w.guest("HEAD", "/sign-in/link?secret=fnl_one", "").wantOK(t)
	a := w.guest("POST", "/sign-in/link", "secret=fnl_one")
	a.wantRedirect(t, http.StatusSeeOther, "/teams/payments?tab=plan")
	c := a.cookie(plainCookie)
	if c == nil || c.Value != "fns_new" || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 30*24*3600 {
		t.Errorf("the cookie is %v", c)
	}
	again := w.guest("POST", "/sign-in/link", "secret=fnl_one")
	again.wantPage(t, http.StatusUnauthorized, "SIGN_IN_LINK_INVALID")
	if len(again.Cookies()) != 0 {
		t.Errorf("a used link sets %v", again.Cookies())
	}
	w.browse("GET", "/account", "", "Cookie", plainCookie+"=fns_new").wantOK(t)
}

func TestALinkMayBePasted(t *testing.T) {
	for _, pasted := range []string{"fnl_one", "  fnl_one\n", "/sign-in/link?secret=fnl_one", "https://kata.example.com/sign-in/link?secret=fnl_one"} {
		w := newWorld(t)
		w.guest("POST", "/sign-in/link", url.Values{"secret": {pasted}}.Encode()).wantRedirect(t, http.StatusSeeOther, "/teams/payments?tab=plan")
	}
	w := newWorld(t)
	if a := w.guest("POST", "/sign-in/link", "secret="); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, `aria-describedby="wrong"`) || w.count() != 0 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := w.guest("GET", "/sign-in/local", ""); !strings.Contains(a.body, "fortnight sign-in-link USER") {
		t.Errorf("the page does not say how to get a link: %s", a.body)
	}
	w.guest("GET", "/sign-in/link", "").wantRedirect(t, http.StatusSeeOther, "/sign-in/local")
}

func TestTheCookieOverTLS(t *testing.T) {
	w := newWorld(t, overTLS)
	a := w.guest("POST", "/sign-in/link", "secret=fnl_one")
	c := a.cookie(hostCookie)
	if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Fatalf("the cookie is %v", a.Header.Values("Set-Cookie"))
	}
	if a.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
}

func TestSignInAtTheProvider(t *testing.T) {
	for _, test := range []struct {
		name, binding, redirect string
		change                  []func(*gateway.Config)
	}{
		{"over http", "fortnight-sign-in", "", nil},
		{"over https", "__Host-fortnight-sign-in", "https://kata.example.com/sign-in/callback", []func(*gateway.Config){overTLS}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.change...)
			a := w.guest("GET", "/sign-in/provider?returnTo=%2Fteams%2Fpayments%3Ftab%3Dplan", "")
			a.wantRedirect(t, http.StatusFound, providerPage)
			c := a.cookie(test.binding)
			if c == nil || c.Value != "fnb_one" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 600 || c.Path != "/" || c.Secure != (test.redirect != "") {
				t.Fatalf("the binding is %v", a.Header.Values("Set-Cookie"))
			}
			redirect := test.redirect
			if redirect == "" {
				redirect = w.url + "/sign-in/callback"
			}
			if begun := w.identity.begun; begun.GetRedirectUri() != redirect || begun.GetReturnTo() != "/teams/payments?tab=plan" {
				t.Errorf("begun with %v", begun)
			}
			a = w.guest("GET", "/sign-in/callback?state=s-1&code=c-1&iss=https%3A%2F%2Flogin.example.com", "", "Cookie", test.binding+"=fnb_one")
			a.wantRedirect(t, http.StatusSeeOther, "/teams/payments?tab=plan")
			done := w.identity.completed
			if done.GetCode() != "c-1" || done.GetState() != "s-1" || done.GetBinding() != "fnb_one" || done.GetIssuer() != "https://login.example.com" {
				t.Errorf("completed with %v", done)
			}
			if c := a.cookie(test.binding); c == nil || c.MaxAge >= 0 {
				t.Error("the binding stays")
			}
			if c := a.cookie(strings.Replace(test.binding, "sign-in", "session", 1)); c == nil || c.Value != "fns_new" {
				t.Errorf("no session: %v", a.Header.Values("Set-Cookie"))
			}
		})
	}
}

func TestSignInThatTheProviderOrIdentityRefuses(t *testing.T) {
	for _, test := range []struct {
		name, path, cookie string
		refusing           error
		status             int
		reason             string
	}{
		{"another browser", "/sign-in/callback?state=s-1&code=c", "", nil, 401, "SIGN_IN_STATE_INVALID"},
		{"two bindings", "/sign-in/callback?state=s-1&code=c", "fortnight-sign-in=fnb_one; fortnight-sign-in=fnb_two", nil, 401, "SIGN_IN_STATE_INVALID"},
		{
			"the provider said no", "/sign-in/callback?state=s-1&error=access_denied", "fortnight-sign-in=fnb_one",
			fail(codes.Unauthenticated, "SIGN_IN_PROVIDER_REFUSED", "The provider did not complete the sign-in."), 401, "SIGN_IN_PROVIDER_REFUSED",
		},
		{
			"not one of ours", "/sign-in/callback?state=s-1&code=c", "fortnight-sign-in=fnb_one",
			fail(codes.PermissionDenied, "SIGN_IN_NOT_ALLOWED", "You may not sign in here."), 403, "SIGN_IN_NOT_ALLOWED",
		},
		{"a shape that identity refuses", "/sign-in/callback", "", fail(codes.InvalidArgument, "VALIDATION_FAILED", "state: required"), 400, "SIGN_IN_UNREADABLE"},
		{
			"the provider is away", "/sign-in/callback?state=s-1&code=c", "fortnight-sign-in=fnb_one",
			fail(codes.Unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE", "The provider cannot be reached."), 503, "SIGN_IN_PROVIDER_UNAVAILABLE",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.identity.refusing = test.refusing
			before := w.count()
			a := w.guest("GET", test.path, "", "Cookie", test.cookie)
			a.wantPage(t, test.status, test.reason)
			if a.cookie(plainCookie) != nil {
				t.Error("a session was given")
			}
			if !strings.Contains(a.body, `href="/sign-in?failed"`) {
				t.Error("no way back that does not go round in a circle")
			}
			if w.count() != before+1 {
				t.Errorf("identity was asked %d times: what signs in is never repeated", w.count()-before)
			}
		})
	}
}

func TestASessionThatIsNoGoodAtOnceEndsTheRound(t *testing.T) {
	w := newWorld(t)
	w.identity.failing = fail(codes.Unauthenticated, "SESSION_INVALID", "The session is over. Sign in again.")
	a := w.guest("POST", "/sign-in/link", "secret=fnl_one")
	a.wantPage(t, http.StatusUnauthorized, "SESSION_INVALID")
	if a.cookie(plainCookie) != nil {
		t.Error("a session was given")
	}
}

func TestSigningInEndsTheFormerSession(t *testing.T) {
	w := newWorld(t)
	a := w.browse("POST", "/sign-in/link", "secret=fnl_one", "Cookie", plainCookie+"="+ioSession)
	a.wantRedirect(t, http.StatusSeeOther, "/teams/payments?tab=plan")
	if !slices.Equal(w.identity.ended, []string{ioSession}) {
		t.Errorf("ended %v", w.identity.ended)
	}
	w.browse("GET", cyclePath, "", "Cookie", plainCookie+"="+ioSession).wantProblem(t, http.StatusUnauthorized, "SESSION_INVALID")
}

func TestReturnStaysHere(t *testing.T) {
	for _, bad := range []string{
		"https://evil.example", "//evil.example", `/\evil.example`, `/\/evil.example`, "/\t/evil.example", "javascript:alert(1)", "evil.example",
		"/%5Cevil.example", "/%2F/evil.example", "/a\nb", "/sign-in", "/sign-in/callback?code=x", "/sign-out", "", "/a b", strings.Repeat("/a", 1001), "/\u202ea",
	} {
		w := newWorld(t)
		w.browse("GET", "/sign-in?"+url.Values{"returnTo": {bad}}.Encode(), "").wantRedirect(t, http.StatusSeeOther, "/")
	}
	w := newWorld(t)
	w.browse("GET", "/sign-in?returnTo=%2Fsign-ins%3Fa%3Db%26c%3D%252F", "").wantRedirect(t, http.StatusSeeOther, "/sign-ins?a=b&c=%2F")
}

func TestPagesKnowTheirMethods(t *testing.T) {
	w := newWorld(t)
	for path, allow := range map[string]string{
		"/sign-in": "GET, HEAD", "/sign-in/local": "GET, HEAD", "/sign-in/link": "GET, HEAD, POST", "/sign-in/provider": "GET",
		"/sign-in/callback": "GET", "/sign-out": "GET, HEAD, POST", "/account": "GET, HEAD", "/account/sessions/s1:revoke": "POST",
	} {
		a := w.browse("DELETE", path, "")
		a.wantPage(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
		if got := a.Header.Get("Allow"); got != allow {
			t.Errorf("%s allows %q", path, got)
		}
	}
	if a := w.guest("HEAD", "/sign-in/callback?state=s-1&code=c", ""); a.StatusCode != http.StatusMethodNotAllowed || w.count() != 0 {
		t.Error("HEAD takes a step of a sign-in")
	}
}

func TestHeadersOfThePages(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/sign-in", "/sign-in/local", "/sign-in/link?secret=fnl_one", "/sign-out", "/account"} {
		a := w.browse("GET", path, "", "Cookie", map[bool]string{true: "", false: plainCookie + "=" + minaSession}[strings.HasPrefix(path, "/sign-in")])
		a.wantOK(t)
		policy := a.Header.Get("Content-Security-Policy")
		if policy != "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" {
			t.Errorf("%s: policy %q", path, policy)
		}
		for name, want := range map[string]string{
			"Referrer-Policy": "strict-origin", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s = %q", path, name, got)
			}
		}
		if regexp.MustCompile(`(?i)<script|\son[a-z]+=|\sstyle=|<style`).MatchString(a.body) {
			t.Errorf("%s holds what the policy forbids", path)
		}
	}
	a := w.guest("GET", "/pages/style.css", "")
	a.wantOK(t)
	if a.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the stylesheet is %q", a.Header.Get("Content-Type"))
	}
	w.browse("POST", "/sign-out", "csrf=x").wantPage(t, http.StatusForbidden, "CSRF_REFUSED")
}

func TestSecretsReachNoLog(t *testing.T) {
	var log strings.Builder
	w := newWorld(t, func(c *gateway.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	w.guest("GET", "/sign-in/link?secret=fnl_one", "")
	w.guest("POST", "/sign-in/link", "secret=fnl_one", "Referer", w.url+"/sign-in/link?secret=fnl_one")
	w.guest("GET", "/sign-in/callback?state=s-1&code=c-secret", "", "Cookie", "fortnight-sign-in=fnb_one")
	w.browse("GET", "/account", "")
	w.browse("POST", "/sign-out", url.Values{"csrf": {proof(minaSession)}}.Encode())
	for _, secret := range []string{"fnl_", "fns_", "fnb_", "c-secret", proof(minaSession)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s: %s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "/sign-in/callback") {
		t.Errorf("the log holds no request: %s", log.String())
	}
}
