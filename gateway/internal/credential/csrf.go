package credential

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// Where a browser's request proves that it was made by a page of Fortnight.
const (
	// CSRFHeader is the header of requests to the API.
	CSRFHeader = "X-Fortnight-Csrf"
	// CSRFField is the field of forms.
	CSRFField = "csrf"
)

// CSRF is what has to come with what a browser changes. Only who has the session's secret can make it; the browser sends the
// secret by itself, and this it does not.
func (c Credential) CSRF() string {
	if c.Kind != Session {
		return ""
	}
	sum := sha256.Sum256([]byte("csrf:" + c.Secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Unsafe tells whether a request may change something.
func Unsafe(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// checkCSRF refuses what changes something with a browser's session and does not prove that it comes from our pages. Whoever
// sends a token does so on purpose: no browser adds it by itself.
func (e *Entrance) checkCSRF(r *http.Request, shown Credential) *problem.Problem {
	if shown.Kind != Session || !Unsafe(r) {
		return nil
	}
	if p := e.SameOrigin(r); p != nil {
		return p
	}
	sent := r.Header.Get(CSRFHeader)
	if sent == "" {
		sent = r.PostForm.Get(CSRFField) // there only when a page has read the form
	}
	if subtle.ConstantTimeCompare([]byte(sent), []byte(shown.CSRF())) != 1 {
		return problem.New(http.StatusForbidden, codes.PermissionDenied, "CSRF_REFUSED",
			"With a session's cookie this needs the header "+CSRFHeader+". Programs use a token instead of a session.")
	}
	return nil
}

// SameOrigin refuses what the page of another site makes a browser send. Pages that change something before there is a session
// use it by itself.
func (e *Entrance) SameOrigin(r *http.Request) *problem.Problem {
	checked := r
	if !e.public {
		// Behind a trusted proxy, the host that the browser knows is that of the exchange.
		if base, err := url.Parse(exchange.From(r.Context()).Base); err == nil && base.Host != "" {
			checked = r.WithContext(r.Context())
			checked.Host = base.Host
		}
	}
	if e.origins.Check(checked) != nil {
		return problem.New(http.StatusForbidden, codes.PermissionDenied, "CSRF_REFUSED",
			"A page of another site has made the browser send this. Open the page of Fortnight and try again there.")
	}
	return nil
}
