package gateway_test

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/fortnighthq/fortnight/gateway/internal/openapi"
)

func TestDocumentIsServedAlikeInBothForms(t *testing.T) {
	w := newWorld(t)
	var fromYAML, fromJSON any
	a := w.do("GET", "/openapi.yaml", "", "Authorization", "")
	a.wantOK(t)
	if err := yaml.Unmarshal([]byte(a.body), &fromYAML); err != nil {
		t.Fatal(err)
	}
	b := w.do("GET", "/openapi.json", "", "Authorization", "")
	b.wantOK(t)
	if err := json.Unmarshal([]byte(b.body), &fromJSON); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(fromJSON)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, other) {
		t.Error("the two forms differ")
	}
	if a.Header.Get("Content-Type") != "application/yaml" || b.Header.Get("Content-Type") != "application/json" {
		t.Errorf("types %q and %q", a.Header.Get("Content-Type"), b.Header.Get("Content-Type"))
	}
}

func TestTheDocumentTellsOfSessionsAndLimits(t *testing.T) {
	document, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	security := openapi.Get(document.Root, "security")
	if security == nil || len(security.Content) != 2 || openapi.Get(security.Content[0], "bearer") == nil ||
		openapi.Get(security.Content[1], "session") == nil || openapi.Get(security.Content[1], "csrf") == nil {
		t.Error("the ways to show a credential are not a token, or a session with its proof")
	}
	paths, operations := openapi.Get(document.Root, "paths"), 0
	for i := 0; i+1 < len(paths.Content); i += 2 {
		for j := 0; j+1 < len(paths.Content[i+1].Content); j += 2 {
			operations++
			if openapi.Get(paths.Content[i+1].Content[j+1], "responses", "429", "$ref") == nil {
				t.Errorf("%s %s does not tell of limits", paths.Content[i+1].Content[j].Value, paths.Content[i].Value)
			}
		}
	}
	if operations < 60 || openapi.Get(document.Root, "components", "responses", "TooManyRequests", "headers", "Retry-After") == nil {
		t.Errorf("%d operations", operations)
	}
}

func TestPageOfTheAPI(t *testing.T) {
	w := newWorld(t)
	a := w.do("GET", "/docs/api", "", "Authorization", "")
	a.wantOK(t)
	for route, id := range documented(t) {
		if !strings.Contains(a.body, `<article id="`+id+`">`) {
			t.Errorf("%s %s is not on the page", id, route)
		}
	}
	page := html.UnescapeString(a.body)
	for _, part := range []string{
		"curl -sS '" + w.url + "/v1/teams/payments/cycles/second:advance'", "Authorization: Bearer $FORTNIGHT_TOKEN", "Idempotency-Key: $(uuidgen)",
		`"displayName": "`, "text/event-stream",
		"-H 'Content-Type: application/zip' \\\n  --data-binary @learnings.zip", "/v1/learnings:suggest?text=", "/mcp' \\\n  -X POST", "TEAM_ROLE_COACH", `href="#schema-fortnight.cycle.v1.Cycle"`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	// What stands behind # is on the page.
	for _, target := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(a.body, -1) {
		if !strings.Contains(a.body, `id="`+target[1]+`"`) {
			t.Errorf("a link to #%s leads nowhere", target[1])
		}
	}
}

func TestExamplesOfTheAPIAreJSON(t *testing.T) {
	w := newWorld(t)
	page := html.UnescapeString(w.do("GET", "/docs/api", "").body)
	examples := regexp.MustCompile(`(?s)<code>(\{\n.*?\n\})</code>`).FindAllStringSubmatch(page, -1)
	sent := regexp.MustCompile(`(?s)-d '(.*?)'</code>`).FindAllStringSubmatch(page, -1)
	if len(examples) < 50 || len(sent) < 30 {
		t.Fatalf("%d answers and %d bodies on the page", len(examples), len(sent))
	}
	for _, example := range append(examples, sent...) {
		if !json.Valid([]byte(strings.ReplaceAll(example[1], `'\''`, "'"))) { // as the shell reads it
			t.Errorf("no JSON: %s", example[1])
		}
	}
}

func TestPagesLoadNothingFromElsewhereAndRunNoScript(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/docs/api", "/docs/errors", "/docs/errors/GATE_CRITERIA_UNMET"} {
		page := w.do("GET", path, "", "Authorization", "").body
		for _, found := range regexp.MustCompile(`(?i)\b(src|srcset|action|data)="([^"]*)"|<script|<style|style="|<iframe|<object|@import`).FindAllString(page, -1) {
			t.Errorf("%s holds %s", path, found)
		}
		for _, link := range regexp.MustCompile(`<link[^>]*>`).FindAllString(page, -1) {
			if link != `<link rel="stylesheet" href="/docs/style.css">` {
				t.Errorf("%s loads %s", path, link)
			}
		}
	}
	style := w.do("GET", "/docs/style.css", "", "Authorization", "")
	style.wantOK(t)
	if strings.Contains(style.body, "url(") || strings.Contains(style.body, "@import") {
		t.Error("the stylesheet loads something")
	}
}

func TestAStrangeHostIsNotRepeated(t *testing.T) {
	w := newWorld(t)
	for host, repeated := range map[string]bool{
		"kata.example.com": true, "kata.example.com:8443": true, "[::1]:8080": true, "10.0.0.7": true,
		"x'$(id)'": false, "x;id": false, "a@b": false, "x:y": false,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/docs/api", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := strings.Contains(html.UnescapeString(string(page)), host); got != repeated {
			t.Errorf("%s: repeated = %v", host, got)
		}
	}
}

func TestPagesOfReasons(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, contains string
		status         int
	}{
		{"GATE_CRITERIA_UNMET", "The gate stays shut", 200},
		{"NOBODY_KNOWS_THIS", "Nobody knows this", 200},
		{"METRIC_NOT_FOUND", "There is no such metric", 200},
		{"METRIC_ALREADY_EXISTS", "There is such a metric already", 200},
		{"small", "", 404},
		{"A/B", "", 404},
		{strings.Repeat("A", 64), "", 404},
	} {
		a := w.do("GET", "/docs/errors/"+test.name, "", "Authorization", "")
		if a.StatusCode != test.status || !strings.Contains(a.body, test.contains) {
			t.Errorf("%s: %d %s", test.name, a.StatusCode, a.body)
		}
	}
	// The type of a problem leads to its page, and the page says the same title.
	p := w.do("GET", "/v1/nowhere", "").problem(t)
	if a := w.do("GET", strings.TrimPrefix(p.Type, w.url), ""); !strings.Contains(a.body, p.Title) {
		t.Errorf("the page of %s does not say %q", p.Type, p.Title)
	}
	list := w.do("GET", "/docs/errors", "").body
	if !strings.Contains(list, `href="/docs/errors/ETAG_MISMATCH"`) {
		t.Error("the list lacks ETAG_MISMATCH")
	}
}

func TestHome(t *testing.T) {
	w := newWorld(t)
	a := w.do("GET", "/", "", "Authorization", "")
	if a.StatusCode != http.StatusFound || a.Header.Get("Location") != "/docs/api" {
		t.Errorf("%d %s", a.StatusCode, a.Header.Get("Location"))
	}
}
