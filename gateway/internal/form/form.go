// Package form finds the form that an answer is wanted in, and answers in JSON where that is wanted. What comes in other forms is made
// by whoever has the door.
package form

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// Form is a form that an answer comes in.
type Form struct {
	// Name is what ?format= says.
	Name, Media string
}

// The forms.
var (
	JSON = Form{"json", "application/json"}
	CSV  = Form{"csv", "text/csv"}
	SVG  = Form{"svg", "image/svg+xml"}
	PNG  = Form{"png", "image/png"}
	HTML = Form{"html", "text/html"}
)

// Door is what answers in several forms need.
type Door struct {
	Entrance *credential.Entrance
	// JSON answers the calls that want JSON.
	JSON http.Handler
}

// Open finds the form that is asked for among those that there are, JSON the first of them. Where it is JSON, or nothing can be
// answered, the request is answered here, and ok is false.
func (d Door) Open(w http.ResponseWriter, r *http.Request, there ...Form) (wanted Form, query url.Values, ok bool) {
	w.Header().Add("Vary", "Accept")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // which JSON refuses in the same words
		d.JSON.ServeHTTP(w, r)
		return wanted, query, false
	}
	wanted, p := negotiate(r, query, there)
	if p == nil && wanted == JSON {
		d.JSON.ServeHTTP(w, withoutFormat(r, query))
		return wanted, query, false
	}
	if _, refused := d.Entrance.Admit(w, r); refused != nil {
		p = refused
	}
	if p != nil {
		problem.Write(w, r, p)
		return wanted, query, false
	}
	query.Del("format")
	return wanted, query, true
}

// Write answers with a body; whatever else its headers say is set before.
func Write(w http.ResponseWriter, f Form, body []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", f.Media)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that has gone needs no answer
}

// None refuses every parameter of a query that is still there: the door has none of its own.
func None(query url.Values) *problem.Problem {
	if len(query) == 0 {
		return nil
	}
	return Unknown(slices.Min(slices.Collect(maps.Keys(query)))) // the same request gets the same answer
}

// Unknown refuses a parameter of a query.
func Unknown(parameter string) *problem.Problem {
	return problem.Invalid(parameter, "UNKNOWN_QUERY_PARAMETER", "There is no query parameter "+strconv.Quote(parameter)+" here.")
}

// Repeated refuses a parameter of a query that was given more than once.
func Repeated(parameter string) *problem.Problem {
	return problem.Invalid(parameter, "QUERY_PARAMETER_REPEATED", "Give the query parameter "+strconv.Quote(parameter)+" once.")
}

// withoutFormat is the request as the calls of services know it.
func withoutFormat(r *http.Request, query url.Values) *http.Request {
	if !query.Has("format") {
		return r
	}
	query.Del("format")
	clean := r.Clone(r.Context())
	clean.URL.RawQuery = query.Encode()
	return clean
}
