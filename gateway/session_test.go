package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/gateway"
)

// The cookies of a session over http and over https.
const (
	plainCookie = "fortnight-session"
	hostCookie  = "__Host-fortnight-session"
)

func overTLS(c *gateway.Config) { c.PublicURL = "https://kata.example.com" }

// browse sends a request as a browser does: with a cookie, as a form when it posts, and saying where it comes from.
func (w *world) browse(method, path, form string, headers ...string) answer {
	w.t.Helper()
	all := []string{"Authorization", "", "Cookie", plainCookie + "=" + minaSession}
	if method == http.MethodPost {
		all = append(all, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
	}
	return w.do(method, path, form, append(all, headers...)...)
}

// cookie is the cookie of a name in the answer, nil without one.
func (a answer) cookie(name string) *http.Cookie {
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func TestASessionIsACredential(t *testing.T) {
	w := newWorld(t)
	a := w.browse("GET", cyclePath, "")
	a.wantOK(t)
	if got := w.last().md.Get("fortnight-caller"); !slices.Equal(got, []string{minaCaller}) {
		t.Errorf("the service got the caller %v", got)
	}
	for key, values := range w.last().md {
		if strings.Contains(strings.Join(values, " "), minaSession) {
			t.Errorf("the secret went on as %s", key)
		}
	}
	if len(a.Cookies()) != 0 {
		t.Errorf("the answer sets %v", a.Cookies())
	}
	w.browse("GET", cyclePath, "").wantOK(t)
	if got := w.identity.count(); got != 1 {
		t.Errorf("identity was asked %d times", got)
	}
}

func TestWhichCookieCounts(t *testing.T) {
	for _, test := range []struct {
		name   string
		tls    bool
		cookie string
		status int
	}{
		{"plain", false, plainCookie + "=" + minaSession, 200},
		{"__Host- without TLS", false, hostCookie + "=" + minaSession, 401},
		{"__Host-", true, hostCookie + "=" + minaSession, 200},
		{"plain with TLS, as a neighbour or an eavesdropper could set it", true, plainCookie + "=" + minaSession, 401},
		{"both with TLS", true, plainCookie + "=fns_other; " + hostCookie + "=" + minaSession, 200},
		{"the same twice", false, plainCookie + "=" + minaSession + "; " + plainCookie + "=" + ioSession, 401},
		{"no secret", false, plainCookie + "=", 401},
		{"strange characters", false, plainCookie + "=a%20b", 401},
		{"too long", false, plainCookie + "=" + strings.Repeat("a", 201), 401},
		{"a token's secret is no session", false, plainCookie + "=" + minaToken, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.cycle.err = fail(16, "UNAUTHENTICATED", "Sign in first.")
			if test.status == 200 {
				w.cycle.err = nil
			}
			if test.tls {
				w = newWorld(t, overTLS)
				if test.status != 200 {
					w.cycle.err = fail(16, "UNAUTHENTICATED", "Sign in first.")
				}
			}
			if a := w.browse("GET", cyclePath, "", "Cookie", test.cookie); a.StatusCode != test.status {
				t.Errorf("status %d: %s", a.StatusCode, a.body)
			}
		})
	}
}

func TestASessionsSecretIsNoToken(t *testing.T) {
	w := newWorld(t)
	w.do("GET", cyclePath, "", "Authorization", "Bearer "+minaSession).wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	// Nor after the same text was good as the other kind.
	w.browse("GET", cyclePath, "").wantOK(t)
	w.do("GET", cyclePath, "", "Authorization", "Bearer "+minaSession).wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
}

func TestTheHeaderDecidesWhenBothAreSent(t *testing.T) {
	w := newWorld(t)
	cookie := plainCookie + "=" + ioSession
	w.do("GET", cyclePath, "", "Cookie", cookie).wantOK(t)
	if got := w.last().md.Get("fortnight-caller"); !slices.Equal(got, []string{minaCaller}) {
		t.Errorf("the caller is %v", got)
	}
	w.do("GET", cyclePath, "", "Cookie", cookie, "Authorization", "Bearer fn_nobody").wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	w.do("GET", cyclePath, "", "Cookie", cookie, "Authorization", "Basic x").wantProblem(t, http.StatusUnauthorized, "CREDENTIAL_INVALID")
	// A program that sends a token needs no proof that it is one of our pages.
	w.do("POST", cyclePath+":advance", "{}", "Cookie", cookie).wantOK(t)
}

func TestACookieThatIsRefusedIsCleared(t *testing.T) {
	for name, cookie := range map[string]string{plainCookie: plainCookie, hostCookie: hostCookie} {
		var change []func(*gateway.Config)
		if name == hostCookie {
			change = append(change, overTLS)
		}
		w := newWorld(t, change...)
		a := w.browse("GET", cyclePath, "", "Cookie", cookie+"=fns_over")
		a.wantProblem(t, http.StatusUnauthorized, "SESSION_INVALID")
		cleared := a.cookie(name)
		if cleared == nil || cleared.MaxAge >= 0 || cleared.Value != "" || cleared.Path != "/" || cleared.Secure != (name == hostCookie) {
			t.Errorf("%s: the answer sets %v", name, a.Cookies())
		}
	}
	w := newWorld(t)
	w.identity.failing = fail(14, "DATABASE_BUSY", "The database is busy; try again.")
	if a := w.browse("GET", cyclePath, ""); len(a.Cookies()) != 0 {
		t.Error("a session was cleared because identity could not be asked")
	}
}

func TestTheLiveStreamTakesASession(t *testing.T) {
	w := newWorld(t, lively)
	l := w.listen("", "", "Authorization", "", "Cookie", plainCookie+"="+minaSession)
	l.placed()
	if got := w.log.callers(); len(got) == 0 || got[0] != minaCaller {
		t.Errorf("the logs were opened by %v", got)
	}
	w.browse("GET", "/v1/events", "", "Cookie", plainCookie+"=fns_over").wantProblem(t, http.StatusUnauthorized, "SESSION_INVALID")
}
