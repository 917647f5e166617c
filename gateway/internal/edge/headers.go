package edge

import (
	"maps"
	"net/http"
)

// policy forbids everything that a page does not need: ours are made on the server and load one stylesheet from here.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// always are the headers that every answer carries. The values are shared by all answers: Set and Del of a header leave them
// alone, and Add copies them, because they have no room.
var always = map[string][]string{
	"Content-Security-Policy":      {policy},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
	"Cache-Control":                {"no-store"},
}

// secure sets the headers that every answer carries. A handler may set Cache-Control again for what is not private.
func secure(h http.Header, overTLS bool) {
	maps.Copy(h, always)
	if overTLS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
