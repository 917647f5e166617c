// Package pages is the frame of the pages for people: one template around the content of each, one stylesheet, and a page for
// what went wrong. Pages are made on the server and work without scripts.
package pages

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

//go:embed page/*.html
var own embed.FS

//go:embed page/style.css
var style []byte

//go:embed page/icon.svg
var icon []byte

// StylePath is where the stylesheet is.
const StylePath = "/pages/style.css"

// Style serves the stylesheet.
func Style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(style) // a reader that is gone needs no answer
}

// IconPath is where browsers look for an icon by themselves, whatever they show.
const IconPath = "/favicon.ico"

// Icon serves the icon: the marks of the four phases.
func Icon(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(icon) // a reader that is gone needs no answer
}

// Page is what a template gets.
type Page struct {
	// Title is the heading, and the title of the window.
	Title string
	// Person is who is signed in, by the name that others see; "" for nobody.
	Person string
	// SignedOut hides the link to the sign-in, on pages that are about it.
	SignedOut bool
	// Continue is where the browser goes by itself after the page is shown; "" to stay. It must be an address that was checked.
	Continue string
	// Content is what the page itself shows.
	Content any
}

// Set is the pages of one part of the product.
type Set struct {
	logger    *slog.Logger
	templates map[string]*template.Template
}

// New makes a set of the templates in a directory of files, each of which defines "content". It panics when one is broken.
func New(logger *slog.Logger, files fs.FS, directory string) *Set {
	s := &Set{logger: logger, templates: map[string]*template.Template{}}
	frame := template.Must(template.New("frame.html").ParseFS(own, "page/frame.html"))
	s.add(frame, own, "page/problem.html")
	names, err := fs.Glob(files, directory+"/*.html")
	if err != nil || len(names) == 0 {
		panic("pages: no templates in " + directory)
	}
	for _, name := range names {
		s.add(frame, files, name)
	}
	return s
}

func (s *Set) add(frame *template.Template, files fs.FS, name string) {
	s.templates[name[strings.LastIndexByte(name, '/')+1:]] = template.Must(template.Must(frame.Clone()).ParseFS(files, name))
}

// policy lets pages post forms to this installation. A page that only shows something keeps the stricter policy of the edge.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Show answers with a page that may hold forms.
func (s *Set) Show(w http.ResponseWriter, r *http.Request, status int, name string, page Page) {
	w.Header().Set("Content-Security-Policy", policy)
	// With no-referrer, browsers hide where a form comes from. This tells the host, and never the path.
	w.Header().Set("Referrer-Policy", "strict-origin")
	s.write(w, r, status, name, page)
}

// ShowPicture answers with a page that only shows something, and may hold pictures with the looks of a sheet.
func (s *Set) ShowPicture(w http.ResponseWriter, r *http.Request, name string, page Page, sheet *picture.Sheet) {
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self' "+sheet.Source()+"; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	s.write(w, r, http.StatusOK, name, page)
}

func (s *Set) write(w http.ResponseWriter, r *http.Request, status int, name string, page Page) {
	var b bytes.Buffer
	if err := s.templates[name].ExecuteTemplate(&b, "frame.html", page); err != nil {
		s.logger.ErrorContext(r.Context(), "a page could not be made", "page", name, "error", err)
		panic(err) // the edge answers and keeps the text to itself
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a reader that is gone needs no page
}

// Way is a link that leads on from what went wrong.
type Way struct{ Text, Path string }

// Fail answers with the page of a problem: the same reason and words as the problem's body would have.
func (s *Set) Fail(w http.ResponseWriter, r *http.Request, p *problem.Problem, ways ...Way) {
	p.Headers(w, r)
	s.write(w, r, p.Status, "problem.html", Page{
		Title: problem.Title(p.Reason), SignedOut: true,
		Content: map[string]any{
			"Detail": p.Detail, "Reason": p.Reason, "RetryAfter": w.Header().Get("Retry-After"),
			"RequestID": exchange.From(r.Context()).RequestID, "Ways": ways,
		},
	})
}
