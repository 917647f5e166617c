package credential

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// BasicChallenge is what a door says that takes a token as a password, too (RFC 7617).
const BasicChallenge = `Basic realm="fortnight", charset="UTF-8"`

// maxBasic bounds what is decoded: a token, a user name that nobody reads, and their encoding.
const maxBasic = 4 * maxLength

// AdmitReader is Admit for a door that programs read which know user names and passwords only, such as feed readers: it takes a token as
// the password of `Authorization: Basic` as well, whatever the user name is. A browser sends such a header by itself, so a request that may
// change something is admitted as everywhere else. Limits and the audit log see a token.
func (e *Entrance) AdmitReader(w http.ResponseWriter, r *http.Request) (Admitted, *problem.Problem) {
	if Unsafe(r) {
		return e.Admit(w, r)
	}
	return e.admit(w, r, func(r *http.Request) (Credential, *problem.Problem) { return read(r, bearerOrBasic) }, e.Known, e.Authenticate)
}

// bearerOrBasic reads the header Authorization.
func bearerOrBasic(values []string) (string, *problem.Problem) {
	scheme, encoded, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Basic") {
		return bearer(values)
	}
	encoded = strings.Trim(encoded, " ")
	if len(encoded) > maxBasic {
		return "", notBasic()
	}
	pair, err := base64.StdEncoding.DecodeString(encoded)
	_, token, ok := strings.Cut(string(pair), ":")
	if err != nil || !ok || !wellFormed(token) {
		return "", notBasic()
	}
	return token, nil
}

func notBasic() *problem.Problem {
	return refused("Give a token of Fortnight as the password; the user name may be anything.")
}
