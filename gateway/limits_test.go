package gateway_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/gateway"
)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// limited is a gateway with a clock that stands still, behind a proxy that names the client's address.
func limited(t *testing.T, change func(*gateway.Config)) (*world, *clock) {
	t.Helper()
	now := &clock{now: time.Now()}
	return newWorld(t, func(c *gateway.Config) {
		c.Clock, c.TrustedProxies, c.CallerTTL = now.Now, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, time.Second
		change(c)
	}), now
}

func (a answer) wantRetryAfter(t *testing.T, least, most int) {
	t.Helper()
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < least || seconds > most {
		t.Errorf("Retry-After is %q, want %d to %d", a.Header.Get("Retry-After"), least, most)
	}
}

func TestRatePerCaller(t *testing.T) {
	w, now := limited(t, func(c *gateway.Config) { c.RatePerSecond, c.RateBurst = 0.5, 3 })
	w.identity.set("fn_io", "caller-token-of-io")
	for range 3 {
		w.do("GET", cyclePath, "").wantOK(t)
	}
	a := w.do("GET", cyclePath, "")
	a.wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
	a.wantRetryAfter(t, 2, 2)
	w.do("GET", "/v1/events", "").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
	w.do("GET", cyclePath, "", "Authorization", "Bearer fn_io").wantOK(t) // somebody else
	w.do("GET", "/docs/api", "", "Authorization", "").wantOK(t)           // somebody unknown, at the same address
	for range 5 {
		for _, path := range []string{"/livez", "/readyz", "/version"} {
			w.do("GET", path, "").wantOK(t)
		}
	}
	now.advance(1500 * time.Millisecond)
	w.do("GET", cyclePath, "").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
	now.advance(time.Second)
	w.do("GET", cyclePath, "").wantOK(t)
	w.do("GET", cyclePath, "").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
}

// A session that is shown without proof is nobody's yet: it counts for the address, and is as limited.
func TestForgedRequestsAreLimited(t *testing.T) {
	w, _ := limited(t, func(c *gateway.Config) { c.RatePerSecond, c.RateBurst = 0.5, 2 })
	forged := []string{"Authorization", "", "Cookie", plainCookie + "=" + minaSession}
	for range 2 {
		w.do("POST", cyclePath+":advance", "{}", forged...).wantProblem(t, http.StatusForbidden, "CSRF_REFUSED")
	}
	w.do("POST", cyclePath+":advance", "{}", forged...).wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
	w.do("GET", cyclePath, "", forged...).wantOK(t) // the session's own requests go on
}

func TestACallerIsLimitedOverAllSessions(t *testing.T) {
	w, _ := limited(t, func(c *gateway.Config) { c.RatePerSecond, c.RateBurst = 0.5, 2 })
	w.identity.sessions["fns_second"] = minaCaller
	w.browse("GET", cyclePath, "").wantOK(t)
	w.browse("GET", cyclePath, "", "Cookie", plainCookie+"=fns_second").wantOK(t)
	w.browse("GET", cyclePath, "").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
	w.browse("GET", "/account", "", "Cookie", plainCookie+"=fns_second").wantPage(t, http.StatusTooManyRequests, "RATE_LIMITED")
}

func TestRatePerAddress(t *testing.T) {
	w, _ := limited(t, func(c *gateway.Config) { c.RatePerSecond, c.RateBurst = 0.1, 2 })
	ask := func(path, from string) answer { return w.guest("GET", path, "", "X-Forwarded-For", from) }
	ask("/docs/errors", "203.0.113.1").wantOK(t)
	ask("/sign-in", "203.0.113.1").wantOK(t)
	ask("/sign-in", "203.0.113.1").wantPage(t, http.StatusTooManyRequests, "RATE_LIMITED")
	ask("/v1/nowhere", "203.0.113.1").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
	ask(cyclePath, "203.0.113.1").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
	ask("/docs/errors", "203.0.113.2").wantOK(t)
	ask("/docs/errors", "2001:db8:0:1::1").wantOK(t)
	ask("/docs/errors", "2001:db8:0:1:ffff::2").wantOK(t)
	ask("/docs/errors", "2001:db8:0:1::3").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED") // the same /64
	ask("/docs/errors", "2001:db8:0:2::1").wantOK(t)
	// Whoever writes an address themselves stays at the one that the proxy has seen.
	ask("/docs/errors", "198.51.100.9, 203.0.113.1").wantProblem(t, http.StatusTooManyRequests, "RATE_LIMITED")
}

func TestWithoutARateThereIsNoLimit(t *testing.T) {
	w, _ := limited(t, func(*gateway.Config) {})
	for range 200 {
		w.do("GET", cyclePath, "").wantOK(t)
	}
}

func TestStreamsPerCaller(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.MaxStreamsPerCaller = 2 })
	first := w.listen("", "")
	w.listen("", "")
	a := w.do("GET", "/v1/events", "")
	a.wantProblem(t, http.StatusTooManyRequests, "STREAMS_PER_CALLER")
	a.wantRetryAfter(t, 1, 60)
	w.listen("", "", "Authorization", "", "Cookie", plainCookie+"="+ioSession)
	first.cancel()
	first.ended()
	deadline := time.After(20 * time.Second)
	for { // the server notices the end when it does
		response, err := w.open()
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
		select {
		case <-deadline:
			t.Fatal("the place of a stream that has ended stays taken")
		default:
		}
	}
}

// open opens a stream and gives back its head.
func (w *world) open() (*http.Response, error) {
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+"/v1/events", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+minaToken)
	return http.DefaultClient.Do(request)
}

func TestSignInThrottling(t *testing.T) {
	const here = "203.0.113.1"
	w, now := limited(t, func(c *gateway.Config) { c.SignInFailures = 4 })
	w.identity.set("fn_io", "caller-token-of-io")
	w.do("GET", cyclePath, "", "X-Forwarded-For", here).wantOK(t) // known to be good from now on
	w.do("GET", cyclePath, "", "X-Forwarded-For", here, "Authorization", "Bearer fn_guess").wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	w.browse("GET", cyclePath, "", "X-Forwarded-For", here, "Cookie", plainCookie+"=fns_guess").wantProblem(t, http.StatusUnauthorized, "SESSION_INVALID")
	w.guest("POST", "/sign-in/link", "secret=fnl_guess", "X-Forwarded-For", here).wantPage(t, http.StatusUnauthorized, "SIGN_IN_LINK_INVALID")
	w.do("GET", cyclePath, "", "X-Forwarded-For", here).wantOK(t) // a success does not buy further guesses
	w.guest("GET", "/sign-in/callback?state=x&code=y", "", "X-Forwarded-For", here).wantPage(t, http.StatusUnauthorized, "SIGN_IN_STATE_INVALID")

	asked, calls := w.identity.count(), w.count()
	now.advance(time.Minute)
	a := w.do("GET", cyclePath, "", "X-Forwarded-For", here, "Authorization", "Bearer fn_guess")
	a.wantProblem(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	a.wantRetryAfter(t, 530, 540)
	w.do("GET", cyclePath, "", "X-Forwarded-For", here, "Authorization", "Bearer fn_io").wantProblem(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	w.do("GET", "/v1/events", "", "X-Forwarded-For", here, "Authorization", "Bearer fn_guess").wantProblem(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	w.browse("GET", cyclePath, "", "X-Forwarded-For", here, "Cookie", plainCookie+"=fns_guess").wantProblem(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	w.guest("POST", "/sign-in/link", "secret=fnl_one", "X-Forwarded-For", here).wantPage(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	w.guest("GET", "/sign-in/callback?state=x&code=y", "", "X-Forwarded-For", here).wantPage(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	if w.identity.count() != asked || w.count() != calls {
		t.Error("identity was asked about somebody who is held back")
	}

	// What was good goes on, though the answer to it is long forgotten; and elsewhere nothing has happened.
	w.do("GET", cyclePath, "", "X-Forwarded-For", here).wantOK(t)
	w.do("GET", cyclePath, "", "X-Forwarded-For", "203.0.113.2", "Authorization", "Bearer fn_io").wantOK(t)
	w.guest("GET", "/sign-in", "", "X-Forwarded-For", here).wantOK(t)

	// A token that was good and is revoked is asked about once more, and then unknown like any other.
	w.identity.set(minaToken, "")
	now.advance(time.Minute)
	w.do("GET", cyclePath, "", "X-Forwarded-For", here).wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	w.do("GET", cyclePath, "", "X-Forwarded-For", here).wantProblem(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")

	now.advance(9 * time.Minute)
	w.guest("POST", "/sign-in/link", "secret=fnl_one", "X-Forwarded-For", here).wantRedirect(t, http.StatusSeeOther, "/teams/payments?tab=plan")
}

func TestThrottlingCanBeOff(t *testing.T) {
	w, _ := limited(t, func(c *gateway.Config) { c.SignInFailures = -1 })
	for i := range 50 {
		w.do("GET", cyclePath, "", "Authorization", fmt.Sprint("Bearer fn_", i)).wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	}
}

func TestTroubleOfIdentityIsNoFailureOfTheClient(t *testing.T) {
	w, _ := limited(t, func(c *gateway.Config) { c.SignInFailures, c.RetryBudget = 1, 300*time.Millisecond })
	w.identity.failing = fail(14, "DATABASE_BUSY", "The database is busy; try again.")
	for range 3 {
		w.do("GET", cyclePath, "").wantProblem(t, http.StatusServiceUnavailable, "DATABASE_BUSY")
	}
}
