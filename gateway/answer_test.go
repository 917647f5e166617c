package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/gateway"
)

func TestEntityTags(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, method, path, ifNoneMatch string
		status                          int
		etag                            string
	}{
		{"on get", "GET", cyclePath, "", 200, `"3f2a91c0-7"`},
		{"on a change", "POST", cyclePath + ":advance", "", 200, `"3f2a91c0-7"`},
		{"not on a list", "GET", "/v1/teams/payments/cycles", "", 200, ""},
		{"known", "GET", cyclePath, `"3f2a91c0-7"`, 304, `"3f2a91c0-7"`},
		{"known, weakly", "GET", cyclePath, `W/"3f2a91c0-7"`, 304, `"3f2a91c0-7"`},
		{"known among others", "GET", cyclePath, `"x", "3f2a91c0-7"`, 304, `"3f2a91c0-7"`},
		{"any", "GET", cyclePath, `*`, 304, `"3f2a91c0-7"`},
		{"by HEAD", "HEAD", cyclePath, `"3f2a91c0-7"`, 304, `"3f2a91c0-7"`},
		{"old", "GET", cyclePath, `"3f2a91c0-6"`, 200, `"3f2a91c0-7"`},
		{"a change is never skipped", "POST", cyclePath + ":advance", `"3f2a91c0-7"`, 200, `"3f2a91c0-7"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := w.do(test.method, test.path, "", "If-None-Match", test.ifNoneMatch)
			if a.StatusCode != test.status || a.Header.Get("ETag") != test.etag {
				t.Errorf("got %d with ETag %s: %s", a.StatusCode, a.Header.Get("ETag"), a.body)
			}
			if test.status == http.StatusNotModified && (a.body != "" || a.Header.Get("Content-Type") != "") {
				t.Errorf("304 with %q of type %q", a.body, a.Header.Get("Content-Type"))
			}
		})
	}
}

func TestHead(t *testing.T) {
	w := newWorld(t)
	a := w.do("HEAD", cyclePath, "")
	if a.StatusCode != http.StatusOK || a.body != "" || a.Header.Get("ETag") == "" {
		t.Errorf("status %d, ETag %q, body %q", a.StatusCode, a.Header.Get("ETag"), a.body)
	}
}

func TestNextPage(t *testing.T) {
	w := newWorld(t)
	if got := w.do("GET", "/v1/teams/payments/cycles", "").Header.Get("Link"); got != "" {
		t.Errorf("the last page has a next one: %s", got)
	}
	w.cycle.next = "a b&c"
	want := "<" + w.url + `/v1/teams/payments/cycles?pageSize=5&pageToken=a+b%26c>; rel="next"`
	for _, query := range []string{"?pageSize=5", "?pageSize=5&pageToken=old", "?pageSize=5&page_token=old"} {
		if got := w.do("GET", "/v1/teams/payments/cycles"+query, "").Header.Get("Link"); got != want {
			t.Errorf("%s: Link = %s, want %s", query, got, want)
		}
	}
}

func TestAReplaySaysSo(t *testing.T) {
	w := newWorld(t)
	if got := w.do("POST", cyclePath+":advance", "").Header.Get("Idempotency-Replayed"); got != "" {
		t.Errorf("a first answer says %q", got)
	}
	w.cycle.replay = true
	h := w.do("POST", cyclePath+":advance", "").Header
	if got := h.Get("Idempotency-Replayed"); got != "true" {
		t.Errorf("a replay says %q", got)
	}
	for name := range h {
		if strings.Contains(strings.ToLower(name), "internal") || strings.HasPrefix(name, "Grpc-") {
			t.Errorf("a header of the inside left: %s", name)
		}
	}
}

func TestDefaultsAreWritten(t *testing.T) {
	w := newWorld(t)
	var got map[string]any
	if err := json.Unmarshal([]byte(w.do("GET", cyclePath, "").body), &got); err != nil {
		t.Fatal(err)
	}
	if got["displayName"] != "" || got["state"] != "CYCLE_STATE_UNSPECIFIED" {
		t.Errorf("defaults are missing: %v", got)
	}
	if _, ok := got["createTime"]; ok {
		t.Errorf("a message that is not set is written: %v", got)
	}
}

func TestPublicURL(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.PublicURL = "https://kata.example.com/" })
	a := w.do("GET", "/v1/nowhere", "")
	if p := a.problem(t); p.Type != "https://kata.example.com/docs/errors/ROUTE_NOT_FOUND" {
		t.Errorf("type %q", p.Type)
	}
	if a.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security behind https")
	}
}
