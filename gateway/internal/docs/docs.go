// Package docs serves the documentation of the REST interface: the OpenAPI document, a page made from it, and a page for
// each reason of an error. Everything is made on the server and nothing comes from elsewhere.
package docs

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/openapi"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

//go:embed page/*.html
var pages embed.FS

//go:embed page/style.css
var style []byte

// publicly lets caches keep what is the same for everybody.
const publicly = "public, max-age=300"

// Handlers are the handlers of this package.
type Handlers struct {
	logger *slog.Logger
	clock  func() time.Time
}

// New makes the handlers. The document is read when somebody asks for it, not at every start.
func New(logger *slog.Logger, clock func() time.Time) *Handlers { return &Handlers{logger, clock} }

// content is what the embedded files hold.
type content struct {
	document *openapi.Document
	title    string
	intro    string
	groups   []group
	schemas  []schema
}

// load panics when an embedded file is broken, which the tests would have found.
var load = sync.OnceValue(func() *content {
	document, err := openapi.Load()
	if err != nil {
		panic(err)
	}
	d := reader{document.Root}
	info := openapi.Get(document.Root, "info")
	return &content{
		document: document, title: text(info, "title"), intro: text(info, "description"), groups: d.groups(), schemas: d.schemas(),
	}
})

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"code": codeSpans}).ParseFS(pages, "page/*.html"))
})

// YAML serves the document.
func (h *Handlers) YAML(w http.ResponseWriter, _ *http.Request) {
	asset(w, "application/yaml", load().document.YAML)
}

// JSON serves the document.
func (h *Handlers) JSON(w http.ResponseWriter, _ *http.Request) {
	asset(w, "application/json", load().document.JSON)
}

// Style serves the stylesheet of the pages.
func (h *Handlers) Style(w http.ResponseWriter, _ *http.Request) {
	asset(w, "text/css; charset=utf-8", style)
}

// API serves the page of all operations, with command lines for the reader's own host.
func (h *Handlers) API(w http.ResponseWriter, r *http.Request) {
	base, now, c := exchange.From(r.Context()).Base, h.clock(), load()
	h.page(w, r, "api.html", map[string]any{
		"Title": c.title + " API", "Intro": c.intro, "Base": base, "Groups": c.groups, "Schemas": c.schemas,
		"Curl": func(o operation) string { return o.curl.command(base, now) },
	})
}

var reasonPattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,62}$`)

// Reason serves the page that explains a reason; false when the path holds none.
func (h *Handlers) Reason(w http.ResponseWriter, r *http.Request) bool {
	name := strings.TrimPrefix(r.URL.Path, "/docs/errors/")
	if !reasonPattern.MatchString(name) {
		return false
	}
	h.page(w, r, "reason.html", map[string]any{
		"Title": problem.Title(name), "Name": name, "Explanation": problem.Explanation(name),
	})
	return true
}

// Reasons serves the list of all reasons that have an explanation.
func (h *Handlers) Reasons(w http.ResponseWriter, r *http.Request) {
	type entry struct{ Name, Title string }
	var entries []entry
	for _, name := range problem.Known() {
		entries = append(entries, entry{name, problem.Title(name)})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	h.page(w, r, "reasons.html", map[string]any{"Title": "Reasons of errors", "Entries": entries})
}

func (h *Handlers) page(w http.ResponseWriter, r *http.Request, name string, data map[string]any) {
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, name, data); err != nil {
		h.logger.ErrorContext(r.Context(), "a page could not be made", "page", name, "error", err)
		panic(err) // the edge answers and keeps the text to itself
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // a reader that is gone needs no page
}

func asset(w http.ResponseWriter, kind string, content []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", publicly)
	_, _ = w.Write(content) // a reader that is gone needs no answer
}

// codeSpans shows text between backquotes as code.
func codeSpans(s string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		escaped := template.HTMLEscapeString(part)
		if i%2 == 1 {
			escaped = "<code>" + escaped + "</code>"
		}
		b.WriteString(escaped)
	}
	return template.HTML(b.String()) //nolint:gosec // every part is escaped above
}
