package record

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// tokenTTL is how long a page token is good.
const tokenTTL = 3 * 24 * time.Hour

// macSize is how much of the HMAC a token carries, in bytes.
const macSize = 16

// Scope says what a page token is good for: the list, its filter and the caller. The parts are kept apart, so that no two
// lists of parts make the same scope.
func Scope(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = appendString(b, p)
	}
	return string(b)
}

// Token makes the page token that continues a list behind the row with the given keys. It is base64url, good for three
// days, and for this scope only. Lists that are not a Collection's use it as well.
func Token(l *eventlog.Log, scope string, last ...string) string {
	body := binary.BigEndian.AppendUint64(nil, uint64(l.Now().Add(tokenTTL).Unix()))
	for _, key := range last {
		body = appendString(body, key)
	}
	return base64.RawURLEncoding.EncodeToString(append(mac(l, scope, body), body...))
}

// OpenToken returns the keys in a page token. A token that was altered, has expired, or was made for another list, filter or
// caller is InvalidArgument PAGE_TOKEN_INVALID.
func OpenToken(l *eventlog.Log, scope, token string) ([]string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < macSize+8 {
		return nil, badToken()
	}
	body := raw[macSize:]
	if !hmac.Equal(raw[:macSize], mac(l, scope, body)) {
		return nil, badToken()
	}
	if int64(binary.BigEndian.Uint64(body)) <= l.Now().Unix() {
		return nil, badToken()
	}
	var last []string
	for body = body[8:]; len(body) > 0; {
		n, size := binary.Uvarint(body)
		if size <= 0 || n > uint64(len(body)-size) {
			return nil, badToken()
		}
		last = append(last, string(body[size:size+int(n)]))
		body = body[size+int(n):]
	}
	return last, nil
}

func mac(l *eventlog.Log, scope string, body []byte) []byte {
	return l.Sign(append(appendString([]byte("page|"), scope), body...))[:macSize]
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func badToken() *fault.Error {
	return fault.Invalid("page_token", "PAGE_TOKEN_INVALID",
		"The page token is not valid here: it has expired, or belongs to another list, filter or caller. Start again without a page token.")
}
