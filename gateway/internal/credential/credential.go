// Package credential is the entrance: it reads what a client shows, keeps out what a browser was tricked into sending, holds
// back who guesses or asks too much, and turns the rest into the signed caller token that the services verify. The gateway
// holds no key: identity alone decides.
package credential

import (
	"crypto/sha256"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// Kind is what a credential is.
type Kind byte

// The kinds of credentials.
const (
	// None is no credential at all: the service decides what an unknown caller may do.
	None Kind = iota
	// Token is an API token, from the header Authorization.
	Token
	// Session is a session of a browser, from its cookie.
	Session
	// AssistantToken is an API token at the MCP door. Identity judges it by other scopes there, so what is remembered of it counts
	// at no other door.
	AssistantToken
)

// Credential is what a client shows.
type Credential struct {
	Kind   Kind
	Secret string
}

// maxLength is what the contract of Authenticate allows for a secret.
const maxLength = 200

// key is what a credential is remembered by. The same secret as a token and as a session are two things.
func (c Credential) key() [sha256.Size]byte {
	var text [1 + maxLength]byte
	text[0] = byte(c.Kind)
	return sha256.Sum256(text[:1+copy(text[1:], c.Secret)])
}

// Of reads what a request shows. When there is a header Authorization, it decides, and no cookie counts.
func Of(r *http.Request) (Credential, *problem.Problem) { return read(r, bearer) }

// read is Of with a way to read the header Authorization.
func read(r *http.Request, authorization func(values []string) (string, *problem.Problem)) (Credential, *problem.Problem) {
	if values := r.Header["Authorization"]; len(values) > 0 {
		secret, p := authorization(values)
		if p != nil {
			return Credential{}, p
		}
		return Credential{Token, secret}, nil
	}
	if len(r.Header["Cookie"]) == 0 {
		return Credential{}, nil
	}
	return fromCookie(r)
}

// bearer reads the header Authorization.
func bearer(values []string) (string, *problem.Problem) {
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	switch {
	case len(values) > 1:
		return "", refused("Send the header Authorization once.")
	case !strings.EqualFold(scheme, "Bearer"):
		return "", refused("Only `Authorization: Bearer <token>` is understood.")
	case !wellFormed(token):
		return "", refused("This is no token of Fortnight.")
	}
	return token, nil
}

func refused(detail string) *problem.Problem {
	return problem.New(http.StatusUnauthorized, codes.Unauthenticated, "CREDENTIAL_INVALID", detail)
}

// wellFormed tells whether a secret is made of the characters that RFC 9110 allows in a bearer token, and not too long.
func wellFormed(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~+/=", c) >= 0) {
			return false
		}
	}
	return s != "" && len(s) <= maxLength
}
