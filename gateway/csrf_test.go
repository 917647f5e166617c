package gateway_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/gateway"
)

// proof is what has to come with what a browser changes.
func proof(session string) string {
	sum := sha256.Sum256([]byte("csrf:" + session))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestForgedRequestsToTheAPI(t *testing.T) {
	good := proof(minaSession)
	for _, test := range []struct {
		name    string
		headers []string
		refused bool
	}{
		{"our own page", []string{"Sec-Fetch-Site", "same-origin", "X-Fortnight-Csrf", good}, false},
		{"a browser without Sec-Fetch-Site", []string{"Origin", "OWN", "X-Fortnight-Csrf", good}, false},
		{"no browser", []string{"X-Fortnight-Csrf", good}, false},
		{"no header", []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"the proof of another session", []string{"Sec-Fetch-Site", "same-origin", "X-Fortnight-Csrf", proof(ioSession)}, true},
		{"an empty proof", []string{"Sec-Fetch-Site", "same-origin", "X-Fortnight-Csrf", ""}, true},
		{"a form of another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Content-Type", "application/x-www-form-urlencoded"}, true},
		{"text of another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Content-Type", "text/plain"}, true},
		{"another site that knows the proof", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "X-Fortnight-Csrf", good}, true},
		{"a neighbouring subdomain", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://blog.example.com", "X-Fortnight-Csrf", good}, true},
		{"another origin, old browser", []string{"Origin", "https://evil.example", "X-Fortnight-Csrf", good}, true},
		{"no origin to name", []string{"Origin", "null", "X-Fortnight-Csrf", good}, true},
		{"the token in the query", []string{"Sec-Fetch-Site", "same-origin", "QUERY", "?csrf=" + good}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			path := cyclePath + ":advance"
			headers := []string{"Authorization", "", "Cookie", plainCookie + "=" + minaSession}
			for i := 0; i < len(test.headers); i += 2 {
				switch test.headers[i] {
				case "QUERY":
					path += test.headers[i+1]
				default:
					headers = append(headers, test.headers[i], strings.ReplaceAll(test.headers[i+1], "OWN", w.url))
				}
			}
			a := w.do("POST", path, "{}", headers...)
			if !test.refused {
				a.wantOK(t)
				return
			}
			a.wantProblem(t, http.StatusForbidden, "CSRF_REFUSED")
			if w.count() != 0 || w.identity.count() != 0 {
				t.Error("the request reached a service")
			}
		})
	}
}

func TestEveryUnsafeRouteAsksForTheProof(t *testing.T) {
	w := newWorld(t)
	for route := range annotated(t) {
		method, path, _ := strings.Cut(route, " ")
		if method == http.MethodGet {
			continue
		}
		before := w.count()
		w.do(method, strings.ReplaceAll(path, "*", "x"), "{}", "Authorization", "", "Cookie", plainCookie+"="+minaSession).
			wantProblem(t, http.StatusForbidden, "CSRF_REFUSED")
		if w.count() != before {
			t.Errorf("%s reached a service", route)
		}
	}
}

func TestAMethodCannotBeOverridden(t *testing.T) {
	w := newWorld(t)
	for _, header := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		w.browse("GET", "/v1/teams/payments", "", header, "PATCH").wantOK(t)
		if got := w.last().method; !strings.HasSuffix(got, "/GetTeam") {
			t.Errorf("%s: %s was called", header, got)
		}
	}
	w.browse("GET", "/v1/teams/payments?_method=PATCH", "").wantProblem(t, http.StatusBadRequest, "UNKNOWN_QUERY_PARAMETER")
	before := w.count()
	w.browse("POST", "/v1/teams/payments", "_method=PATCH", "X-Http-Method-Override", "GET", "X-Fortnight-Csrf", proof(minaSession)).
		wantProblem(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	if w.count() != before {
		t.Error("the request reached a service")
	}
}

func TestThePublicAddressIsTrusted(t *testing.T) {
	w := newWorld(t, overTLS)
	send := func(origin string) answer {
		return w.do("POST", cyclePath+":advance", "{}", "Authorization", "", "Cookie", hostCookie+"="+minaSession,
			"Origin", origin, "X-Fortnight-Csrf", proof(minaSession))
	}
	send("https://kata.example.com").wantOK(t)
	send("https://kata.example.com.evil.example").wantProblem(t, http.StatusForbidden, "CSRF_REFUSED")
	send("https://sub.kata.example.com").wantProblem(t, http.StatusForbidden, "CSRF_REFUSED")
	send("http://kata.example.com").wantProblem(t, http.StatusForbidden, "CSRF_REFUSED")
	if _, err := gateway.New(gateway.Config{PublicURL: "kata.example.com", Conn: w.conn}); err == nil {
		t.Error("a public address without a scheme is taken")
	}
}

func TestForgedForms(t *testing.T) {
	good := url.Values{"csrf": {proof(minaSession)}}.Encode()
	for _, test := range []struct {
		name, path, form string
		headers          []string
	}{
		{"sign-out without a proof", "/sign-out", "", nil},
		{"sign-out with another's proof", "/sign-out", "csrf=" + proof(ioSession), nil},
		{"sign-out from another site", "/sign-out", good, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}},
		{"sign-out from a neighbour", "/sign-out", good, []string{"Sec-Fetch-Site", "same-site", "Origin", "https://blog.example.com"}},
		{"sign-out from nowhere", "/sign-out", good, []string{"Sec-Fetch-Site", "", "Origin", "null"}},
		{"sign-out as text", "/sign-out", good, []string{"Content-Type", "text/plain"}},
		{"sign-out with the proof in the query", "/sign-out?" + good, "", nil},
		{"revoke without a proof", "/account/sessions/s2:revoke", "", nil},
		{"revoke from another site", "/account/sessions/s2:revoke", good, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}},
		{"another's link from another site", "/sign-in/link", "secret=fnl_one", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}},
		{"another's link from nowhere", "/sign-in/link", "secret=fnl_one", []string{"Sec-Fetch-Site", "", "Origin", "null"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			a := w.browse("POST", test.path, test.form, test.headers...)
			a.wantPage(t, http.StatusForbidden, "CSRF_REFUSED")
			if len(a.Cookies()) != 0 || w.count() != 0 {
				t.Errorf("it did something: cookies %v, %d calls", a.Cookies(), w.count())
			}
		})
	}
}
