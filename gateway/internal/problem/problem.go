// Package problem writes errors: one RFC 9457 body for everything that can go wrong, be it the router, a body that cannot
// be read, or a service that says no.
package problem

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
)

// Domain is who defines the reasons.
const Domain = "fortnight"

// Problem is an error as the client sees it.
type Problem struct {
	// Type is the address of the page that explains the reason.
	Type string `json:"type"`
	// Title is the same for all occurrences of a reason.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail says what happened this time.
	Detail string `json:"detail,omitempty"`
	// Instance is the URN of the request.
	Instance string `json:"instance,omitempty"`
	// Code is the gRPC code in upper snake case.
	Code string `json:"code"`
	// Reason is stable, in upper snake case. Programs decide by it.
	Reason string `json:"reason"`
	// Domain is who defines the reason.
	Domain string `json:"domain"`
	// Metadata is what is variable in the detail.
	Metadata map[string]string `json:"metadata,omitempty"`
	// Violations are all that is wrong at once.
	Violations []Violation `json:"violations,omitempty"`

	// RetryAfter is when a repeat makes sense; rounded up to seconds, 0 for no advice.
	RetryAfter time.Duration `json:"-"`
	// Allow is the value of the header Allow.
	Allow string `json:"-"`
	// Challenge is another way to show a credential than a token, for the header WWW-Authenticate; "" for none.
	Challenge string `json:"-"`
}

// Violation is one thing that is wrong with a request or missing for it.
type Violation struct {
	// Field is the path in the body or the query, lowerCamelCase; empty for the request as a whole.
	Field string `json:"field"`
	// Reason is stable, in upper snake case.
	Reason string `json:"reason,omitempty"`
	// Description is for people.
	Description string `json:"description"`
	// Link is the path of this API where it is mended.
	Link string `json:"link,omitempty"`
}

// New makes a problem of the gateway's own.
func New(status int, code codes.Code, reason, detail string, violations ...Violation) *Problem {
	return &Problem{Status: status, Code: CodeName(code), Reason: reason, Domain: Domain, Detail: detail, Violations: violations}
}

// Invalid is a 400 for one field.
func Invalid(field, reason, detail string) *Problem {
	return New(http.StatusBadRequest, codes.InvalidArgument, reason, detail, Violation{Field: field, Reason: reason, Description: detail})
}

// Error makes a problem an error, so that it can travel where errors do.
func (p *Problem) Error() string { return p.Reason + ": " + p.Detail }

// CodeName is a gRPC code in upper snake case, for instance FAILED_PRECONDITION.
func CodeName(code codes.Code) string {
	if name, ok := rpccode.Code_name[int32(code)]; ok {
		return name
	}
	return rpccode.Code_UNKNOWN.String()
}

// Write answers with the problem.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	x := exchange.From(r.Context())
	full := *p
	full.Type = x.Base + "/docs/errors/" + p.Reason
	full.Title = Title(p.Reason)
	if x.RequestID != "" {
		full.Instance = "urn:fortnight:request:" + x.RequestID
	}
	body, err := json.Marshal(full)
	if err != nil { // strings, numbers and maps of strings always marshal
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	p.Headers(w, r)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// Headers sets what the answer says beside its body, be that a problem or a page.
func (p *Problem) Headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for _, name := range []string{"ETag", "Link", "Content-Length", "Trailer"} {
		h.Del(name) // what was prepared for another answer
	}
	h.Set("Cache-Control", "no-store")
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		challenge := `Bearer realm="fortnight"`
		if exchange.From(r.Context()).CredentialShown {
			challenge += `, error="invalid_token"`
		}
		h.Set("WWW-Authenticate", challenge)
		if p.Challenge != "" {
			h.Add("WWW-Authenticate", p.Challenge)
		}
	}
}
