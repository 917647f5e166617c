package gateway_test

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestSignOut(t *testing.T) {
	form := url.Values{"csrf": {proof(minaSession)}}.Encode()
	w := newWorld(t)
	a := w.browse("GET", "/sign-out", "")
	a.wantOK(t)
	if !strings.Contains(a.body, `name="csrf" value="`+proof(minaSession)+`"`) || len(w.identity.ended) != 0 {
		t.Errorf("the page: %s", a.body)
	}
	w.browse("GET", cyclePath, "").wantOK(t)
	a = w.browse("POST", "/sign-out", form)
	a.wantRedirect(t, http.StatusSeeOther, "/sign-in?signedOut")
	if c := a.cookie(plainCookie); c == nil || c.MaxAge >= 0 {
		t.Errorf("the cookie stays: %v", a.Cookies())
	}
	w.browse("GET", cyclePath, "").wantProblem(t, http.StatusUnauthorized, "SESSION_INVALID")
	w.browse("POST", "/sign-out", form).wantRedirect(t, http.StatusSeeOther, "/sign-in?signedOut")
	w.guest("POST", "/sign-out", "").wantRedirect(t, http.StatusSeeOther, "/sign-in?signedOut")
	w.guest("GET", "/sign-out", "").wantRedirect(t, http.StatusSeeOther, "/sign-in?signedOut")
}

func TestSignOutAtTheProvider(t *testing.T) {
	form := url.Values{"csrf": {proof(minaSession)}}.Encode()
	w := newWorld(t)
	w.identity.endAt = "https://login.example.com/end?id_token_hint=a.b&x=y"
	a := w.browse("POST", "/sign-out", form)
	a.wantOK(t)
	page := html.UnescapeString(a.body)
	for _, part := range []string{`http-equiv="refresh" content="0; url=https://login.example.com/end?id_token_hint=a.b&x=y"`, `href="https://login.example.com/end?id_token_hint=a.b&x=y"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s: %s", part, page)
		}
	}
	for _, bad := range []string{"javascript:alert(1)", "//evil.example", "data:text/html,x"} {
		w := newWorld(t)
		w.identity.endAt = bad
		w.browse("POST", "/sign-out", form).wantRedirect(t, http.StatusSeeOther, "/sign-in?signedOut")
	}
}

func TestAccount(t *testing.T) {
	w := newWorld(t)
	w.guest("GET", "/account?pageToken=x", "").wantRedirect(t, http.StatusSeeOther, "/sign-in?returnTo=%2Faccount%3FpageToken%3Dx")
	a := w.browse("GET", "/account", "")
	a.wantOK(t)
	for _, part := range []string{
		"Mina &lt;b&gt;Okafor", "payments (coach)", "admin", "Firefox on Linux", "Safari on iPhone", "203.0.113.7", "with a link", "at the provider", "this browser",
		`<time datetime="2026-06-08T09:30:00Z">8 June 2026, 09:30 UTC</time>`, `action="/account/sessions/s2:revoke"`, `href="/sign-out"`, proof(minaSession),
	} {
		if !strings.Contains(a.body, part) {
			t.Errorf("the page lacks %q: %s", part, a.body)
		}
	}
	if strings.Contains(a.body, "<script") || strings.Contains(a.body, minaSession) {
		t.Error("the page holds what it must not")
	}
	if got := w.last().md.Get("fortnight-caller"); !slices.Equal(got, []string{minaCaller}) {
		t.Errorf("the caller is %v", got)
	}
}

func TestRevokeASession(t *testing.T) {
	form := url.Values{"csrf": {proof(minaSession)}}.Encode()
	w := newWorld(t)
	w.browse("POST", "/account/sessions/s2:revoke", form).wantRedirect(t, http.StatusSeeOther, "/account")
	a := w.browse("POST", "/account/sessions/s1:revoke", form)
	a.wantRedirect(t, http.StatusSeeOther, "/sign-in?signedOut")
	if c := a.cookie(plainCookie); c == nil || c.MaxAge >= 0 {
		t.Error("the own session was revoked and stays in the browser")
	}
	if !slices.Equal(w.identity.revoked, []string{"users/mina/sessions/s2", "users/mina/sessions/s1"}) {
		t.Errorf("revoked %v", w.identity.revoked)
	}
	w.guest("POST", "/account/sessions/s2:revoke", "").wantRedirect(t, http.StatusSeeOther, "/sign-in?returnTo=%2Faccount")
	for _, path := range []string{"/account/sessions/a/b:revoke", "/account/sessions/:revoke", "/account/sessions/s2", "/account/x:revoke"} {
		w.browse("POST", path, form).wantProblem(t, http.StatusNotFound, "ROUTE_NOT_FOUND")
	}
}
