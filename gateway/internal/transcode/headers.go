package transcode

import (
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// maxKey is the longest idempotency key in bytes, as the contracts say.
const maxKey = 255

// readHeaders takes over the request headers that mean something here. All others end at the gateway.
func readHeaders(r *http.Request, x *exchange.Exchange) *problem.Problem {
	if values := r.Header.Values("Idempotency-Key"); len(values) > 0 {
		key, ok := ParseIdempotencyKey(values[0])
		if !ok || len(values) > 1 {
			return problem.New(http.StatusBadRequest, codes.InvalidArgument, "IDEMPOTENCY_KEY_INVALID",
				`Send one Idempotency-Key of 1 to 255 printable ASCII characters, in quotes or plain: Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324".`)
		}
		x.IdempotencyKey = key
	}
	if values := r.Header.Values("If-Match"); len(values) > 0 {
		etag, ok := ParseEntityTag(values[0])
		if !ok || len(values) > 1 {
			return problem.New(http.StatusBadRequest, codes.InvalidArgument, "IF_MATCH_INVALID",
				`Send one entity tag as it came: If-Match: "3f2a91c0-7".`)
		}
		x.IfMatch, x.IfMatchGiven = etag, true
	}
	x.IfNoneMatch = strings.Join(r.Header.Values("If-None-Match"), ",")
	return nil
}

// ParseIdempotencyKey reads the value of Idempotency-Key: a string in quotes after RFC 8941, or the bare form that most
// clients send, which then has neither spaces nor quotes.
func ParseIdempotencyKey(value string) (string, bool) {
	value = strings.Trim(value, " \t")
	if strings.HasPrefix(value, `"`) {
		key, ok := unquote(value)
		return key, ok && key != "" && len(key) <= maxKey
	}
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c > '~' || c == '"' || c == ',' {
			return "", false
		}
	}
	return value, value != "" && len(value) <= maxKey
}

// unquote reads a structured-field string: printable ASCII in quotes, with \" and \\.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), i == len(s)-1
		case c == '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
			b.WriteByte(s[i])
		case c < ' ' || c > '~':
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// ParseEntityTag reads one entity tag; `*` comes back as "". A weak tag counts like the strong one: proxies that compress
// weaken the tags that pass, and our tags name a version, so they stay exact. Quotes may be missing.
func ParseEntityTag(value string) (string, bool) {
	value = strings.Trim(value, " \t")
	if value == "*" {
		return "", true
	}
	value = strings.TrimPrefix(value, "W/")
	bare := value
	if len(value) >= 2 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
		bare = value[1 : len(value)-1]
	}
	if bare == "" || len(bare) > maxKey {
		return "", false
	}
	for i := range len(bare) {
		if c := bare[i]; c <= ' ' || c > '~' || c == '"' || c == ',' || c == '*' {
			return "", false
		}
	}
	return `"` + bare + `"`, true
}

// MatchesAny tells whether If-None-Match names the tag, compared weakly.
func MatchesAny(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.Trim(candidate, " \t")
		if candidate == "*" || candidate != "" && strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
