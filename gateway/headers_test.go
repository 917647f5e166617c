package gateway_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const cyclePath = "/v1/teams/payments/cycles/2026-w24"

// What a client may write into headers in the hope that a service believes it.
var forged = []string{
	"Grpc-Metadata-Fortnight-Caller", "forged", "Grpc-Metadata-Authorization", "forged", "Grpcgateway-Authorization", "forged",
	"Fortnight-Caller", "forged", "Fortnight-Request-Id", "forged", "X-User-Id", "forged", "X-User-Roles", "forged", "X-Forwarded-For", "203.0.113.66",
	"X-Forwarded-Host", "forged", "Cookie", "session=forged; __Host-fortnight-session=forged", "Grpc-Timeout", "1n", "X-Http-Method-Override", "DELETE",
	"Fortnight-Origin", "rest 203.0.113.66 forged", "Grpc-Metadata-Fortnight-Origin", "pages 203.0.113.66 forged", "Forwarded", "for=203.0.113.66;host=forged",
	"X-Real-Ip", "203.0.113.66", "X-Forwarded-Proto", "https", "X-User-Email", "forged", "X-Remote-User", "forged", "X-Fortnight-Csrf", "forged",
	"Te", "trailers", "Baggage", "forged=1", "Grpc-Metadata-X-Bin", "Zm9yZ2Vk", "Tracestate", "forged=1",
}

func TestOnlyWhatTheGatewayVouchesForReachesAService(t *testing.T) {
	w := newWorld(t)
	trace := "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	w.do("GET", cyclePath, "", append(slices.Clone(forged), "Traceparent", trace, "X-Request-Id", "req-1")...).wantOK(t)
	md := w.last().md
	for key, values := range md {
		if strings.Contains(strings.Join(values, " "), "forged") {
			t.Errorf("forged metadata arrived: %s = %v", key, values)
		}
	}
	want := map[string]string{"fortnight-caller": minaCaller, "fortnight-request-id": "req-1", "traceparent": trace, "fortnight-origin": "rest 127.0.0.1 Go-http-client/1.1"}
	for key, value := range want {
		if got := md.Get(key); !slices.Equal(got, []string{value}) {
			t.Errorf("%s = %v, want %q", key, got, value)
		}
	}
	// The rest is gRPC's own.
	for _, key := range slices.Sorted(maps.Keys(md)) {
		if _, ok := want[key]; !ok && !slices.Contains([]string{":authority", "content-type", "user-agent", "grpc-accept-encoding"}, key) {
			t.Errorf("unexpected metadata %s = %v", key, md.Get(key))
		}
	}
}

func TestRequestID(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, given string
		kept        bool
	}{
		{"taken over", "abc-1.2_3", true},
		{"made when missing", "", false},
		{"replaced when it holds other characters", "two words", false},
		{"replaced when it is long", strings.Repeat("a", 129), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := w.do("GET", cyclePath, "", "X-Request-Id", test.given)
			got := a.Header.Get("X-Request-Id")
			if (got == test.given) != test.kept || got == "" {
				t.Errorf("answered %q to %q", got, test.given)
			}
			if sent := w.last().md.Get("fortnight-request-id"); !slices.Equal(sent, []string{got}) {
				t.Errorf("the service got %v, the client %q", sent, got)
			}
		})
	}
}

func TestTraceparentMustBeOne(t *testing.T) {
	w := newWorld(t)
	for _, bad := range []string{"x", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"} {
		w.do("GET", cyclePath, "", "Traceparent", bad).wantOK(t)
		if got := w.last().md.Get("traceparent"); len(got) != 0 {
			t.Errorf("%q went on as %v", bad, got)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{cyclePath, "/", "/docs/api", "/docs/errors", "/docs/errors/INTERNAL", "/docs/style.css", "/openapi.yaml", "/livez", "/nowhere", "/v1/nowhere"} {
		h := w.do("GET", path, "").Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", path, name, got, want)
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %q", path, policy, part)
			}
		}
		private := !strings.HasPrefix(path, "/docs/style") && !strings.HasPrefix(path, "/openapi")
		if got := h.Get("Cache-Control"); (got == "no-store") != private {
			t.Errorf("%s: Cache-Control = %q", path, got)
		}
	}
}
