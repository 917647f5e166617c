package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// hostileTexts is what people try, by what it is: the corpus that the rendering is tested with.
func hostileTexts(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../../knowledge/internal/markdown/testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus map[string]string
	if err := json.Unmarshal(raw, &corpus); err != nil {
		t.Fatal(err)
	}
	return corpus
}

// showcase is a page without a content security policy that shows texts as they are given, each in a part of its own. What boo counts is a
// script that ran.
type showcase map[string][]string

// pageHead comes before everything else: whatever calls boo, or asks the person something, is counted.
const pageHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Learnings</title><script>
var boos = 0; function boo() { boos++ }
window.alert = window.confirm = window.prompt = window.print = window.open = boo;
</script></head><body><main>`

func (p showcase) String() string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, name := range slices.Sorted(maps.Keys(p)) {
		b.WriteString(`<section title="` + html.EscapeString(name) + `">`)
		for _, text := range p[name] {
			b.WriteString(`<div class="text">` + text + "</div>")
		}
		b.WriteString("</section>\n")
	}
	b.WriteString("</main></body></html>")
	return b.String()
}

// serve shows pages by their paths.
func serve(t *testing.T, pages map[string]showcase) (home string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, found := pages[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, p.String())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// renderedFields are the texts of a learning as HTML.
var renderedFields = []string{"claimHtml", "situationHtml", "triedHtml", "happenedHtml", "mayNotHoldHtml", "howToTryHtml"}

// TestHostileLearningsInABrowser drafts a learning of every hostile text, in each of its fields, and shows what the program makes of it in
// a page that has nothing else to protect it.
func TestHostileLearningsInABrowser(t *testing.T) {
	dbtest.NeedFTS5(t)
	b := newBrowser(t)
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	corpus, shown := hostileTexts(t), showcase{}
	for name, text := range corpus {
		body, err := json.Marshal(map[string]string{
			"team": "teams/payments", "claim": "It is claimed that " + text, "situation": text, "tried": text, "happened": text, "mayNotHold": text, "howToTry": text,
		})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' }) {
			if got := s.call(t, s.Token, http.MethodPost, "/v1/learnings", string(body)); got.Status != http.StatusBadRequest ||
				!strings.Contains(got.Text, "TEXT_CONTROL_CHARACTER") {
				t.Errorf("%s: %d %s", name, got.Status, got.Text)
			}
			continue
		}
		made := s.must(t, http.MethodPost, "/v1/learnings", string(body))
		got := s.must(t, http.MethodGet, "/v1/"+made.Body["name"].(string), "").Body["rendered"].(map[string]any)
		for _, field := range renderedFields {
			rendered, _ := got[field].(string)
			if rendered == "" && field == "claimHtml" {
				t.Errorf("%s: there is no %s", name, field)
			}
			shown[name] = append(shown[name], rendered)
		}
	}
	home := serve(t, map[string]showcase{
		"/learnings": shown,
		"/script":    {"control": {corpus["image with a handler"]}},
		"/request":   {"control": {`<img src="http://evil.example/pixel.png" alt="">`}},
		"/elements":  {"control": {corpus["details with a handler"], corpus["comment"], corpus["heading with an id"], `<a href="javascript:boo()">x</a>`}},
		"/order":     {"control": {html.EscapeString(corpus["text that turns around"])}},
	})
	t.Run("learnings", func(t *testing.T) {
		at := b.open(t, home)
		at.visit("/learnings")
		at.provoke()
		if ran := at.script("String(boos)"); ran != "0" {
			t.Errorf("scripts have run %s times", ran)
		}
		parts, want := at.script(`String(document.querySelectorAll("main > section > div.text").length)`), fmt.Sprint(len(shown)*len(renderedFields))
		if len(shown) < 90 || parts != want {
			t.Errorf("the page has %s parts, want %s", parts, want)
		}
		for _, wrong := range at.findings(foreignScript) {
			t.Errorf("the page holds %s", wrong)
		}
		for _, wrong := range at.findings(orderScript) {
			t.Errorf("the page shows out of order %s", wrong)
		}
		at.clean()
	})
	// Each check can tell: the same texts, as nobody has made them harmless.
	t.Run("controls", func(t *testing.T) {
		at := b.open(t, home)
		at.visit("/script")
		at.provoke()
		if at.script("String(boos)") == "0" {
			t.Error("a script that nobody has taken out does not run")
		}
		at.visit("/request")
		at.provoke()
		if !at.has("http://evil.example/pixel.png") {
			t.Error("a picture that nobody has taken out is not asked for")
		}
		at.visit("/elements")
		if wrong := at.findings(foreignScript); len(wrong) < 5 {
			t.Errorf("of what nobody has taken out is found only %q", wrong)
		}
		at.visit("/order")
		if wrong := at.findings(orderScript); len(wrong) == 0 {
			t.Error("a text that turns around is in order")
		}
	})
}

// A claim of a mebibyte is refused before anything is made of it, in words that say what is wrong: which field, as long as the request can be
// read at all.
func TestLongLearningsAreRefused(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	const mebibyte = 1 << 20
	for field, limit := range map[string]int{"claim": 500, "situation": 4000, "tried": 4000, "happened": 4000, "mayNotHold": 4000, "howToTry": 4000} {
		for length, want := range map[int]struct {
			status  int
			phrases []string
		}{
			mebibyte - 200: {http.StatusBadRequest, []string{`"field":"` + field + `"`, fmt.Sprintf("must have at most %d characters, has %d", limit, mebibyte-200)}},
			mebibyte:       {http.StatusRequestEntityTooLarge, []string{"BODY_TOO_LARGE", "1048576 bytes at most"}},
		} {
			body := map[string]string{"team": "teams/payments", "claim": "A rota halves the wait."}
			body[field] = strings.Repeat("[", length)
			sent, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			got := s.call(t, s.Token, http.MethodPost, "/v1/learnings", string(sent))
			if got.Status != want.status || got.Header.Get("Content-Type") != "application/problem+json" || len(got.Text) > 4096 {
				t.Errorf("%s of %d characters: %d %s: %.600s", field, length, got.Status, got.Header.Get("Content-Type"), got.Text)
			}
			for _, phrase := range want.phrases {
				if !strings.Contains(got.Text, phrase) {
					t.Errorf("%s of %d characters: %q is not said in %.600s", field, length, phrase, got.Text)
				}
			}
		}
	}
	if listed := s.must(t, http.MethodGet, "/v1/learnings", ""); strings.Contains(listed.Text, "payments") {
		t.Errorf("something was kept: %.200s", listed.Text)
	}
}

// provoke tells every element of the page that something has happened to it, and waits until the page has been drawn twice since.
func (at *tab) provoke() {
	at.Helper()
	at.script(`new Promise(done => {
		for (const e of document.querySelectorAll("main *")) {
			for (const type of ["mouseover", "mouseenter", "pointerenter", "focus", "load", "error", "toggle", "begin", "animationstart", "input"]) {
				e.dispatchEvent(new Event(type));
			}
		}
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(""), 0)));
	})`)
}

// has tells whether the browser has asked for an address.
func (at *tab) has(address string) bool {
	at.mu.Lock()
	defer at.mu.Unlock()
	return slices.Contains(at.loaded, address)
}

// findings are the lines that a script has found.
func (at *tab) findings(script string) []string {
	at.Helper()
	return strings.FieldsFunc(at.script(script), func(c rune) bool { return c == '\n' })
}

// foreignScript finds everything in the texts of a page that is neither text nor one of the elements that learnings are made of.
const foreignScript = `(() => {
	const known = new Set("a blockquote br code del em h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul".split(" "));
	const attributes = {a: ["href", "rel"], ol: ["start"]};
	const found = [];
	for (const text of document.querySelectorAll("main div.text")) {
		const where = " in " + JSON.stringify(text.closest("section").title);
		const walker = document.createTreeWalker(text, NodeFilter.SHOW_ALL);
		while (walker.nextNode()) {
			const n = walker.currentNode;
			if (n.nodeType === Node.TEXT_NODE) continue;
			if (n.nodeType !== Node.ELEMENT_NODE) { found.push("a node of the type " + n.nodeType + where); continue }
			if (n.namespaceURI !== "http://www.w3.org/1999/xhtml" || !known.has(n.localName)) found.push("an element " + n.localName + where);
			for (const a of n.attributes) {
				if (!(attributes[n.localName] || []).includes(a.name)) found.push("the attribute " + a.name + " of " + n.localName + where);
			}
			if (n.localName === "a" && (!["http:", "https:", "mailto:"].includes(n.protocol) || n.rel !== "nofollow noopener noreferrer")) {
				found.push("a link to " + JSON.stringify(n.href) + where);
			}
		}
	}
	return found.join("\n");
})()`

// orderScript finds lines of the page where a character stands left of the one before it. No text of the corpus is written from right to
// left.
const orderScript = `(() => {
	const found = [];
	for (const text of document.querySelectorAll("main div.text")) {
		const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
		while (walker.nextNode()) {
			const n = walker.currentNode;
			let last;
			for (let i = 0; i < n.length; i++) {
				const range = document.createRange();
				range.setStart(n, i);
				range.setEnd(n, i + 1);
				const box = range.getBoundingClientRect();
				if (box.width === 0) continue;
				if (last && Math.abs(box.top - last.top) < 1 && box.left < last.left - 0.5) {
					found.push(JSON.stringify(n.data.slice(0, 80)) + " in " + JSON.stringify(text.closest("section").title));
					break;
				}
				last = box;
			}
		}
	}
	return found.join("\n");
})()`
