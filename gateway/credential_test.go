package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway"
)

func TestCredentials(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, header string
		reason       string
		challenge    string
	}{
		{"good", "Bearer " + minaToken, "", ""},
		{"scheme in other letters", "bearer " + minaToken, "", ""},
		{"unknown token", "Bearer fn_nobody", "TOKEN_INVALID", `Bearer realm="fortnight", error="invalid_token"`},
		{"other scheme", "Basic bWluYTpzZWNyZXQ=", "CREDENTIAL_INVALID", `Bearer realm="fortnight", error="invalid_token"`},
		{"no token", "Bearer", "CREDENTIAL_INVALID", `Bearer realm="fortnight", error="invalid_token"`},
		{"strange characters", "Bearer fn_\"mina\"", "CREDENTIAL_INVALID", `Bearer realm="fortnight", error="invalid_token"`},
		{"too long", "Bearer " + strings.Repeat("a", 201), "CREDENTIAL_INVALID", `Bearer realm="fortnight", error="invalid_token"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := w.count()
			a := w.do("GET", cyclePath, "", "Authorization", test.header)
			if test.reason == "" {
				a.wantOK(t)
				return
			}
			a.wantProblem(t, http.StatusUnauthorized, test.reason)
			if got := a.Header.Get("WWW-Authenticate"); got != test.challenge {
				t.Errorf("WWW-Authenticate = %q", got)
			}
			if w.count() != before {
				t.Error("the request reached a service")
			}
		})
	}
}

func TestWithoutACredentialTheServiceDecides(t *testing.T) {
	w := newWorld(t)
	w.cycle.err = fail(codes.Unauthenticated, "UNAUTHENTICATED", "Sign in first.")
	a := w.do("GET", cyclePath, "", "Authorization", "")
	a.wantProblem(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	if got := a.Header.Get("WWW-Authenticate"); got != `Bearer realm="fortnight"` {
		t.Errorf("WWW-Authenticate = %q", got)
	}
	if got := w.last().md.Get("fortnight-caller"); len(got) != 0 {
		t.Errorf("the service got a caller: %v", got)
	}
}

func TestTheAnswerToACredentialIsRemembered(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.do("GET", cyclePath, "").wantOK(t)
	}
	if got := w.identity.count(); got != 1 {
		t.Errorf("identity was asked %d times, want once", got)
	}
}

func TestAWriteToIdentityForgetsCallers(t *testing.T) {
	w := newWorld(t)
	w.do("GET", cyclePath, "").wantOK(t)
	w.identity.set(minaToken, "caller-with-a-new-role")
	w.do("PATCH", "/v1/teams/payments", `{"displayName":"Payments"}`).wantOK(t)
	w.do("GET", cyclePath, "").wantOK(t)
	if got := w.last().md.Get("fortnight-caller"); !slices.Equal(got, []string{"caller-with-a-new-role"}) {
		t.Errorf("after a change of identity the service still got %v", got)
	}
}

func TestIdentityDown(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.RetryBudget = time.Second })
	w.identity.failing = fail(codes.Unavailable, "DATABASE_BUSY", "The database is busy; try again.")
	a := w.do("GET", cyclePath, "")
	a.wantProblem(t, http.StatusServiceUnavailable, "DATABASE_BUSY")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
