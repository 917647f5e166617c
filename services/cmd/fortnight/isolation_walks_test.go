package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// publicRoutes are those that answer who has not signed in; every other one asks for a credential.
var publicRoutes = []string{
	"POST /v1/bootstrap", "GET /v1/signInMethods",
}

// checkAnonymous walks every route without a credential: 401, unless the route is one of a fixed list.
func (w *world) checkAnonymous(t *testing.T) {
	walked := 0
	eachMethod(func(method protoreflect.MethodDescriptor, _ *commonv1.AccessRule) {
		rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
		if rule == nil {
			return
		}
		for _, binding := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			verb, path := "", ""
			for v, p := range map[string]string{"GET": binding.GetGet(), "POST": binding.GetPost(), "PATCH": binding.GetPatch(), "DELETE": binding.GetDelete()} {
				if p != "" {
					verb, path = v, variable.ReplaceAllStringFunc(p, func(text string) string {
						return strings.NewReplacer("*", "x").Replace(variable.FindStringSubmatch(text)[2])
					})
				}
			}
			body := ""
			if strings.Contains(path, "quarantinedEvents") { // the request says which service is meant
				path, body = path+"?service=knowledge", `{"service":"knowledge"}`
				if verb == http.MethodPost {
					path = strings.TrimSuffix(path, "?service=knowledge")
				} else {
					body = ""
				}
			} else if verb == http.MethodPost || verb == http.MethodPatch {
				body = `{}`
			}
			walked++
			route := verb + " " + path
			got := w.from(t, "", verb, path, body)
			if open := slices.Contains(publicRoutes, route); open == (got.Status == http.StatusUnauthorized) {
				t.Errorf("%s answers anybody with %d %s", route, got.Status, got.Text)
			}
		}
	})
	if walked < 90 {
		t.Errorf("only %d routes were walked", walked)
	}
	for _, path := range []string{"/v1/events", "/v1/auditEvents:export", "/v1/nothing", "/v1/"} {
		if got := w.from(t, "", http.MethodGet, path, ""); got.Status != http.StatusUnauthorized && got.Status != http.StatusNotFound {
			t.Errorf("GET %s answers anybody with %d %s", path, got.Status, got.Text)
		}
	}
}

// checkCookies walks the routes as somebody of another team who has signed in to the pages: the cookie opens no more than a token,
// and without the proof that a page of ours sends it, it changes nothing.
func (w *world) checkCookies(t *testing.T) {
	link := w.must(t, http.MethodPost, "/v1/users/aiko/signInLinks", `{}`).Body["path"].(string)
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := identityv1.NewIdentityServiceClient(w.server.Conn()).SignInWithLink(t.Context(), &identityv1.SignInWithLinkRequest{Secret: at.Query().Get("secret")})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("csrf:" + signedIn.GetSecret()))
	cookie := []string{"Cookie", "fortnight-session=" + signedIn.GetSecret()}
	proof := append(slices.Clone(cookie), "X-Fortnight-Csrf", base64.RawURLEncoding.EncodeToString(sum[:]))
	matrix, place := readIsolation(t), slices.Index(columns, "outsider")
	walked := 0
	for _, c := range isolationCases() {
		made := ""
		if c.before != nil {
			made = c.before(t, w, closedTeam)
		}
		request := c.message(t, w, closedTeam, made)
		r, there := rest(t, c.descriptor(t), request)
		if !there {
			continue
		}
		walked++
		let := strings.Fields(matrix[c.rpc])[place] == "+"
		if r.method == http.MethodGet || !let {
			got := w.from(t, "", r.method, r.path, r.body, proof...)
			if let != (got.Status == http.StatusOK) || !let && got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
				t.Errorf("%s %s with a cookie answers %d %s", r.method, r.path, got.Status, got.Text)
			}
			for _, word := range leaks("outsider", got.Text+fmt.Sprint(got.Header)) {
				t.Errorf("%s %s with a cookie tells of %s", r.method, r.path, word)
			}
		}
		if r.method != http.MethodGet && ruleOf(c.descriptor(t)).GetAllow() != commonv1.Access_ACCESS_PUBLIC {
			if got := w.from(t, "", r.method, r.path, r.body, cookie...); got.Status != http.StatusForbidden || got.Body["reason"] != "CSRF_REFUSED" {
				t.Errorf("%s %s with a cookie alone answers %d %s", r.method, r.path, got.Status, got.Text)
			}
		}
	}
	if walked < 90 {
		t.Errorf("only %d routes were walked", walked)
	}
}

// checkExports asks for what is no RPC of its own: the export of the audit log and the live stream, and shows tokens at doors that they
// are not for.
func (w *world) checkExports(t *testing.T) {
	for _, column := range columns {
		if column == "service" {
			continue
		}
		got := w.from(t, w.credential(column, closedTeam), http.MethodGet, "/v1/auditEvents:export", "")
		want := http.StatusForbidden
		switch {
		case column == "admin":
			want = http.StatusOK
		case slices.Contains(strangers, column):
			want = http.StatusUnauthorized
		}
		if got.Status != want {
			t.Errorf("the export of the audit log answers %s with %d %s", column, got.Status, got.Text)
		}
		if column != "admin" && strings.Contains(got.Text, "AUDIT_ACTION") {
			t.Errorf("the export of the audit log tells %s: %s", column, got.Text)
		}
	}
	mcp := w.token(t, "users/mina", `{"displayName":"for another door","scopes":["mcp"]}`)
	if got := w.from(t, mcp, http.MethodGet, "/v1/caller", ""); got.Status != http.StatusUnauthorized {
		t.Errorf("a token for MCP is let in at the REST door: %d %s", got.Status, got.Text)
	}
	for _, scopes := range []string{`["admin"]`, `["bot:payments"]`, `["admin","read"]`} {
		got := w.from(t, w.secrets["coach"], http.MethodPost, "/v1/users/mina/tokens", `{"displayName":"more than mine","scopes":`+scopes+`}`)
		if got.Status < 400 || strings.Contains(got.Text, "fn_") {
			t.Errorf("a coach makes a token with the scopes %s: %d %s", scopes, got.Status, got.Text)
		}
	}
	if got := w.from(t, w.secrets["adminWrite"], http.MethodPost, "/v1/"+theAdmin+"/tokens", `{"displayName":"more","scopes":["admin"]}`); got.Status < 400 {
		t.Errorf("a token without the scope admin makes one with it: %d %s", got.Status, got.Text)
	}
	if got := w.from(t, w.secrets["bot "+closedTeam], http.MethodPost, "/v1/teams/payments/tokens", `{"displayName":"more"}`); got.Status < 400 {
		t.Errorf("a bot makes a token: %d %s", got.Status, got.Text)
	}
}
