package credential

import (
	"net/http"
	"time"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// Cookie is a cookie of Fortnight. It is never readable by scripts, goes back only to the host that set it, and not with what
// other sites post.
type Cookie struct{ name string }

// The cookies.
var (
	// SessionCookie holds the secret of a session.
	SessionCookie = Cookie{"fortnight-session"}
	// BindingCookie ties a sign-in at the provider to the browser that has begun it.
	BindingCookie = Cookie{"fortnight-sign-in"}
)

// Name is the name that the cookie has for a request. Over https it begins with __Host-, so that browsers take it from this
// host alone and over https alone; the plain name counts for nothing there.
func (c Cookie) Name(r *http.Request) string {
	if exchange.From(r.Context()).Secure {
		return "__Host-" + c.name
	}
	return c.name
}

// Values are what the request brought under the cookie's name.
func (c Cookie) Values(r *http.Request) []string {
	var values []string
	for _, cookie := range r.CookiesNamed(c.Name(r)) {
		values = append(values, cookie.Value)
	}
	return values
}

// Set gives the cookie to the browser.
func (c Cookie) Set(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	c.answer(w, r, value, int(age/time.Second))
}

// Clear takes the cookie from the browser.
func (c Cookie) Clear(w http.ResponseWriter, r *http.Request) { c.answer(w, r, "", -1) }

func (c Cookie) answer(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure whenever the client uses https
		Name: c.Name(r), Value: value, Path: "/", MaxAge: age,
		Secure: exchange.From(r.Context()).Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func fromCookie(r *http.Request) (Credential, *problem.Problem) {
	values := SessionCookie.Values(r)
	switch {
	case len(values) == 0:
		return Credential{}, nil
	case len(values) > 1 || !wellFormed(values[0]):
		// Two come when somebody else, on another path or another host of the domain, has set one as well.
		return Credential{Kind: Session}, refused("The session's cookie cannot be used. Sign in again.")
	}
	return Credential{Session, values[0]}, nil
}
