package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
)

// restRequest is a request as REST takes it.
type restRequest struct{ method, path, body string }

// variable is a path variable of an HTTP rule: {parent=teams/*}.
var variable = regexp.MustCompile(`\{([^=}]+)=([^}]+)\}`)

// rest turns the request of an RPC into the REST request of the binding that fits its names; false when there is none.
func rest(t *testing.T, method protoreflect.MethodDescriptor, request proto.Message) (restRequest, bool) {
	t.Helper()
	rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule == nil {
		return restRequest{}, false
	}
	for _, binding := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		if r, fits := bind(t, binding, request); fits {
			return r, true
		}
	}
	t.Errorf("%s has no route for %v", method.FullName(), request)
	return restRequest{}, false
}

func bind(t *testing.T, rule *annotations.HttpRule, request proto.Message) (restRequest, bool) {
	t.Helper()
	r := restRequest{}
	for verb, path := range map[string]string{
		http.MethodGet: rule.GetGet(), http.MethodPost: rule.GetPost(), http.MethodPatch: rule.GetPatch(), http.MethodDelete: rule.GetDelete(),
	} {
		if path != "" {
			r.method, r.path = verb, path
		}
	}
	rest := proto.Clone(request)
	fits := true
	r.path = variable.ReplaceAllStringFunc(r.path, func(text string) string {
		parts := variable.FindStringSubmatch(text)
		holder, field := leaf(rest, parts[1])
		name := holder.Get(field).String()
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(parts[2]), `\*`, "[^/]+") + "$"
		fits = fits && regexp.MustCompile(pattern).MatchString(name)
		holder.Clear(field)
		return name
	})
	fields := map[string]any{}
	text, err := protojson.Marshal(rest)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	switch body := rule.GetBody(); body {
	case "":
	case "*":
		r.body = asJSON(t, fields)
		fields = nil
	default:
		field := request.ProtoReflect().Descriptor().Fields().ByTextName(body).JSONName()
		if fields[field] == nil {
			fields[field] = map[string]any{}
		}
		r.body = asJSON(t, fields[field])
		delete(fields, field)
	}
	query := url.Values{}
	for name, value := range fields {
		for _, one := range asList(value) {
			query.Add(name, fmt.Sprint(one))
		}
	}
	if len(query) > 0 {
		r.path += "?" + query.Encode()
	}
	return r, fits
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func asList(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// from sends a request as if from an address of its own, so that one who is refused over and over is not told to wait.
func (w *world) from(t *testing.T, token, method, path, body string, headers ...string) answer {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, w.URL+path, strings.NewReader(body))
	w.addresses++
	req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1234", w.addresses>>16&255, w.addresses>>8&255, w.addresses&255)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.gateway.Handler().ServeHTTP(recorder, req)
	got := answer{Status: recorder.Code, Header: recorder.Header(), Text: recorder.Body.String()}
	_ = json.Unmarshal(recorder.Body.Bytes(), &got.Body)
	return got
}

// checkREST tries every route as every caller who has a bearer token, or none. Who is let in is what the matrix says of the RPC; a
// route that changes something is only tried by those who are refused. HEAD tells what GET does, OPTIONS nothing.
func (w *world) checkREST(t *testing.T) {
	matrix := readIsolation(t)
	routes := 0
	for _, c := range isolationCases() {
		method := c.descriptor(t)
		public := ruleOf(method).GetAllow() == commonv1.Access_ACCESS_PUBLIC
		for _, team := range []string{closedTeam, openTeam} {
			made := ""
			if c.before != nil {
				made = c.before(t, w, team)
			}
			request := c.message(t, w, team, made)
			r, there := rest(t, method, request)
			if !there {
				break
			}
			routes++
			for i, column := range columns {
				if column == "service" {
					continue // services have no bearer tokens
				}
				cell := strings.Fields(matrix[c.rpc])[i]
				if let := cell == "+" || cell == "o" && team == openTeam; let {
					w.checkLetIn(t, c.rpc, r, column, team)
				} else {
					w.checkTurnedAway(t, c, request, r, column, team, public)
				}
			}
		}
	}
	// What must not be told is told to those who may know it: the words are worth looking for.
	for path, want := range map[string][2]string{
		"teams/" + closedTeam + "/obstacles/queue":                  {"viewer", workWord},
		"teams/" + closedTeam + "/cycles/first/retrospective/notes": {"bot", noteWord},
		w.things["draft "+closedTeam]:                               {"readOnly", draftWord},
		"teams/" + closedTeam + "/valueStreams/delivery":            {"manager", workWord},
	} {
		if got := w.from(t, w.credential(want[0], closedTeam), http.MethodGet, "/v1/"+path, ""); !strings.Contains(got.Text, secret(want[1], closedTeam)) {
			t.Errorf("GET %s does not tell %s of %s: %d %s", path, want[0], want[1], got.Status, got.Text)
		}
	}
	if routes < 150 {
		t.Errorf("only %d requests were walked", routes)
	}
}

// checkLetIn reads as somebody who may.
func (w *world) checkLetIn(t *testing.T, rpc string, r restRequest, column, team string) {
	t.Helper()
	if r.method != http.MethodGet {
		return
	}
	got := w.from(t, w.credential(column, team), r.method, r.path, r.body)
	if got.Status != http.StatusOK {
		t.Errorf("%s %s (%s) answers %s, who may, with %d %s", r.method, r.path, rpc, column, got.Status, got.Text)
	}
	for _, word := range leaks(column, got.Text+fmt.Sprint(got.Header)) {
		t.Errorf("%s %s tells %s of %s", r.method, r.path, column, word)
	}
}

// checkTurnedAway asks as somebody who may not: for what is there, and for what is not.
func (w *world) checkTurnedAway(t *testing.T, c isolationCase, request proto.Message, r restRequest, column, team string, public bool) {
	t.Helper()
	credential := w.credential(column, team)
	got := w.from(t, credential, r.method, r.path, r.body)
	unauthenticated := slices.Contains([]string{"anonymous", "expired", "revoked", "deactivated"}, column)
	switch {
	case unauthenticated && got.Status != http.StatusUnauthorized:
		t.Errorf("%s %s answers %s with %d %s", r.method, r.path, column, got.Status, got.Text)
	case !unauthenticated && got.Status != http.StatusForbidden && got.Status != http.StatusNotFound:
		t.Errorf("%s %s answers %s with %d %s", r.method, r.path, column, got.Status, got.Text)
	}
	if public && !unauthenticated {
		t.Errorf("%s %s refuses %s", r.method, r.path, column)
	}
	if team == openTeam { // where everything but the notes may be known
		return
	}
	if head := w.from(t, credential, http.MethodHead, r.path, ""); r.method == http.MethodGet && head.Status != got.Status || len(leaks(column, head.Text)) > 0 {
		t.Errorf("HEAD %s answers %s with %d %s, GET with %d", r.path, column, head.Status, head.Text, got.Status)
	}
	if options := w.from(t, credential, http.MethodOptions, r.path, ""); options.Status == http.StatusOK || strings.Contains(options.Text, workWord) {
		t.Errorf("OPTIONS %s answers %s with %d %s", r.path, column, options.Status, options.Text)
	}
	path := c.field(t)
	if path == "" || c.mayKnow(column, team) {
		return
	}
	missing := proto.Clone(request)
	holder, field := leaf(missing, path)
	name := holder.Get(field).String()
	holder.Set(field, protoreflect.ValueOfString(missingName(name)))
	none, there := rest(t, c.descriptor(t), missing)
	if !there {
		return
	}
	if here, nowhere := plainAnswer(got, name), plainAnswer(w.from(t, credential, none.method, none.path, none.body), missingName(name)); here != nowhere {
		t.Errorf("%s %s tells %s what is there:\n%s\n%s", r.method, r.path, column, here, nowhere)
	}
	condition := map[bool]string{true: "If-None-Match", false: "If-Match"}[r.method == http.MethodGet]
	right := w.from(t, credential, r.method, r.path, r.body, condition, w.etag(t, name))
	for what, other := range map[string]answer{
		"a wrong etag": w.from(t, credential, r.method, r.path, r.body, condition, `"00000000-7"`),
		"nothing":      w.from(t, credential, none.method, none.path, none.body, condition, w.etag(t, name)),
	} {
		sent := name
		if what == "nothing" {
			sent = missingName(name)
		}
		if plainAnswer(right, name) != plainAnswer(other, sent) {
			t.Errorf("%s %s tells %s an etag from %s:\n%s\n%s", r.method, r.path, column, what, right.Text, other.Text)
		}
	}
}

// etag is the present etag of a thing, or one that looks like it where there is none to be had.
func (w *world) etag(t *testing.T, name string) string {
	t.Helper()
	if known, ok := w.etags[name]; ok {
		return known
	}
	etag, _ := w.from(t, w.Token, http.MethodGet, "/v1/"+name, "").Body["etag"].(string)
	if etag == "" {
		etag = `"00000000-1"`
	}
	w.etags[name] = etag
	return etag
}

// plainAnswer is all that an answer tells, without the name that was asked for and what differs with every request.
func plainAnswer(a answer, name string) string {
	header := maps.Clone(a.Header)
	for _, key := range []string{"Date", "X-Request-Id", "Content-Length", "Ratelimit", "Ratelimit-Policy"} {
		header.Del(key)
	}
	body := maps.Clone(a.Body)
	delete(body, "instance") // the request's id
	text, _ := json.Marshal(body)
	return strings.ReplaceAll(fmt.Sprintf("%d %s %v", a.Status, text, header), name, "NAME")
}
