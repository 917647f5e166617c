// Package credential turns what a client shows into the signed caller token that the services verify. The gateway holds no
// key: identity alone decides.
package credential

import (
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// maxLength is what the contract of Authenticate allows for a token's secret.
const maxLength = 200

// Bearer reads the header Authorization. Without one it returns "" and no problem: the service decides what an unknown
// caller may do.
func Bearer(r *http.Request) (string, *problem.Problem) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	switch {
	case len(values) > 1:
		return "", refused("Send the header Authorization once.")
	case !strings.EqualFold(scheme, "Bearer"):
		return "", refused("Only `Authorization: Bearer <token>` is understood.")
	case token == "" || len(token) > maxLength || !isToken68(token):
		return "", refused("This is no token of Fortnight.")
	}
	return token, nil
}

func refused(detail string) *problem.Problem {
	return problem.New(http.StatusUnauthorized, codes.Unauthenticated, "CREDENTIAL_INVALID", detail)
}

// isToken68 tells whether s is made of the characters that RFC 9110 allows in a bearer token.
func isToken68(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~+/=", c) >= 0) {
			return false
		}
	}
	return true
}
