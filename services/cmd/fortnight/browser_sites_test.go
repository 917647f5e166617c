package main

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// attack is a form that the page of another site sends in somebody's name.
type attack struct{ path, encoding, field, value string }

// attacks are forms that would change something, were they believed. A field's name and value make a whole JSON document
// when the form is sent as plain text.
var attacks = []attack{
	{"/sign-out", "application/x-www-form-urlencoded", "csrf", ""},
	{"/sign-out", "application/x-www-form-urlencoded", "csrf", "guessed"},
	{"/v1/teams?teamId=planted", "text/plain", `{"displayName":"planted","description":"`, `"}`},
	{"/v1/teams?teamId=planted", "application/x-www-form-urlencoded", "displayName", "planted"},
}

// hostile serves pages that send an attack's form by themselves.
func hostile(t *testing.T, target string) *url.URL {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		var number int
		if _, err := fmt.Sscanf(r.URL.Path, "/attack/%d", &number); err != nil {
			_, _ = fmt.Fprint(w, "<!doctype html><title>hostile</title>")
			return
		}
		a := attacks[number]
		_, _ = fmt.Fprintf(w, `<!doctype html><form method="post" action="%s" enctype="%s"><input name="%s" value="%s"></form><script>document.forms[0].submit()</script>`,
			html.EscapeString(target+a.path), a.encoding, html.EscapeString(a.field), html.EscapeString(a.value))
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// otherSites lets pages of elsewhere try what they can with the browser of somebody who is signed in. One is of the same host
// on another port: browsers take it for the same site and send the cookie, so only Fortnight itself can refuse. The other is of
// another host, where the cookie stays at home.
func otherSites(t *testing.T, b *browser, s *started) {
	elsewhere := hostile(t, s.URL)
	at := b.open(t, s.URL)
	at.visit(s.link(t, "victim", "/account"))
	at.press("Sign in")
	at.is("/account")
	for _, host := range []string{"127.0.0.1", "localhost"} {
		origin := "http://" + host + ":" + elsewhere.Port()
		for number, a := range attacks {
			at.do(navigateOnly(fmt.Sprintf("%s/attack/%d", origin, number)))
			testkit.Eventually(t, "the answer to the form", func() bool {
				return strings.HasPrefix(at.where(), s.URL+"/") && at.text() != ""
			})
			if host == "127.0.0.1" {
				at.says("CSRF_REFUSED") // so the cookie was there: without one there would be nothing to protect
			}
			at.visit("/account")
			at.is("/account")
			at.says("Vera Victim")
			if got := s.call(t, s.Token, http.MethodGet, "/v1/teams/planted", ""); got.Status != http.StatusNotFound {
				t.Fatalf("%s %s from %s has made a team: %d", a.encoding, a.path, host, got.Status)
			}
		}
		at.visit(origin + "/")
		for _, read := range []string{
			`fetch("%s/v1/caller", {credentials: "include"}).then(r => r.text())`,
			`fetch("%s/v1/caller", {credentials: "include", mode: "no-cors"}).then(r => r.text())`,
			`fetch("%s/account", {credentials: "include"}).then(r => r.text())`,
			`fetch("%s/v1/teams?teamId=planted", {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: "{}"}).then(r => "sent " + r.status)`,
			`fetch("%s/v1/teams?teamId=planted", {method: "POST", credentials: "include", mode: "no-cors", body: "{}"}).then(r => r.text())`,
			`new Promise(done => { const f = document.createElement("iframe"); f.onload = () => { try { done(f.contentDocument.body.innerText) } catch { done("") } }; f.src = "%s/account"; document.body.append(f) })`,
		} {
			if got := at.script(fmt.Sprintf(read, s.URL) + `.catch(() => "")`); got != "" {
				t.Errorf("a page of %s reads %q by %s", host, got, read)
			}
		}
	}
	if got := s.call(t, s.Token, http.MethodGet, "/v1/teams/planted", ""); got.Status != http.StatusNotFound {
		t.Errorf("a script of another site has made a team: %d", got.Status)
	}
	if got := s.sessionsOf(t, "victim"); got != 1 {
		t.Errorf("the victim has %d sessions", got)
	}
	// The browser itself reads it, so what was refused above was refused because of where it came from.
	at.visit("/v1/caller")
	at.says("users/victim")
}
