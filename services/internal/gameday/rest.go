package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// tryFor bounds one try of a request.
const tryFor = 10 * time.Second

// rest is a client of the REST API. It is safe for concurrent use.
type rest struct {
	base, token string
	http        *http.Client
}

func newRest(base string) *rest {
	return &rest{base: base, http: &http.Client{Timeout: tryFor, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// answer is what came back.
type answer struct {
	status   int
	body     map[string]any
	replayed bool
}

// reason is the stable reason of a refusal.
func (a answer) reason() string {
	for _, at := range []string{"reason", "detail", "title"} {
		if text, _ := a.body[at].(string); text != "" {
			return text
		}
	}
	return http.StatusText(a.status)
}

// ok tells whether the request was done.
func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// failure is what went wrong with a request, for a report.
func failure(err error, a answer) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%d %s", a.status, a.reason())
}

// definite tells whether the answer says what became of the request. After any other one nobody knows, and the request is
// sent again with its key.
func (a answer) definite() bool {
	switch a.status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return a.status < http.StatusInternalServerError
}

// once sends a request. The error tells of the connection only.
func (r *rest) once(ctx context.Context, method, path, key string, body any) (answer, error) {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		sent = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, sent)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", `"`+key+`"`)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return answer{}, err // cut off: nobody knows
	}
	a := answer{status: resp.StatusCode, replayed: strings.EqualFold(resp.Header.Get("Idempotency-Replayed"), "true")}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil && a.definite() {
			return answer{}, err
		}
	}
	return a, nil
}

// errUnknown is the end of a request whose outcome could not be learned in time.
var errUnknown = errors.New("no definite answer in time")

// until sends a request again and again until there is a definite answer or ctx ends.
func (r *rest) until(ctx context.Context, method, path, key string, body any) (a answer, tries int, err error) {
	for wait := 25 * time.Millisecond; ; wait = min(2*wait, 400*time.Millisecond) {
		tries++
		a, err = r.once(ctx, method, path, key, body)
		if err == nil && a.definite() {
			return a, tries, nil
		}
		if !pause(ctx, wait) {
			return a, tries, errUnknown
		}
	}
}

// get reads a resource, whatever it takes.
func (r *rest) get(ctx context.Context, path string) (answer, error) {
	a, _, err := r.until(ctx, http.MethodGet, path, "", nil)
	return a, err
}

// dig follows the keys into nested objects; nil when there is nothing.
func dig(v any, keys ...string) any {
	for _, key := range keys {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	return v
}

// text is dig for strings.
func text(v any, keys ...string) string {
	s, _ := dig(v, keys...).(string)
	return s
}
