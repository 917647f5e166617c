package credential

import (
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/limit"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// Entrance lets requests in.
type Entrance struct {
	*Authenticator
	rate     *limit.Rate
	failures *limit.Failures
	origins  *http.CrossOriginProtection
	public   bool // whether the operator has said what the public address is
}

// NewEntrance makes the entrance. Pages of the public address, "" for none, may send what changes something; without it only
// those of the host that a request is for.
func NewEntrance(authenticator *Authenticator, rate *limit.Rate, failures *limit.Failures, publicURL string) (*Entrance, error) {
	origins := http.NewCrossOriginProtection()
	if publicURL != "" {
		public, err := url.Parse(publicURL)
		if err != nil {
			return nil, err
		}
		if err := origins.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			return nil, err
		}
	}
	return &Entrance{Authenticator: authenticator, rate: rate, failures: failures, origins: origins, public: publicURL != ""}, nil
}

// Admitted is whom the entrance has let in.
type Admitted struct {
	Credential Credential
	Caller     Caller
}

// Admit finds out who sends a request and puts the caller token into its exchange. Nobody who shows no credential is refused
// here: the service decides what an unknown caller may do.
func (e *Entrance) Admit(w http.ResponseWriter, r *http.Request) (Admitted, *problem.Problem) {
	return e.admit(w, r, Of, e.Known, e.Authenticate)
}

// AdmitAnew is Admit that asks identity, whatever is remembered.
func (e *Entrance) AdmitAnew(w http.ResponseWriter, r *http.Request) (Admitted, *problem.Problem) {
	return e.admit(w, r, Of, func(Credential) (Caller, bool) { return Caller{}, false }, e.Renew)
}

// reading is a way to read what a request shows.
type reading func(r *http.Request) (Credential, *problem.Problem)

func (e *Entrance) admit(
	w http.ResponseWriter, r *http.Request, of reading, known func(Credential) (Caller, bool), ask asking,
) (Admitted, *problem.Problem) {
	x := exchange.From(r.Context())
	shown, p := of(r)
	x.CredentialShown = shown.Kind != None || p != nil
	if p != nil && shown.Kind == Session {
		SessionCookie.Clear(w, r)
	}
	if p == nil {
		p = e.checkCSRF(r, shown)
	}
	if p != nil || shown.Kind == None {
		if slow := e.Visit(r); slow != nil {
			return Admitted{}, slow
		}
		return Admitted{}, p
	}
	caller, ok := known(shown)
	if !ok {
		if caller, p = e.identify(w, r, shown, ask); p != nil {
			return Admitted{}, p
		}
	}
	if p := slowDown(e.rate.Take(limit.OfCaller(caller.Key))); p != nil {
		return Admitted{}, p
	}
	x.CallerToken = caller.Token
	return Admitted{shown, caller}, nil
}

// identify asks identity, unless the address has shown too much already that was no good. What was good before is always
// asked about, so that nobody who guesses can lock out others behind the same address.
func (e *Entrance) identify(w http.ResponseWriter, r *http.Request, shown Credential, ask asking) (Caller, *problem.Problem) {
	if !e.WasGood(shown) {
		if p := e.Held(r); p != nil {
			return Caller{}, p
		}
	}
	caller, err := ask(r.Context(), shown)
	if err == nil {
		return caller, nil
	}
	if status.Code(err) == codes.Unauthenticated {
		e.Refused(r)
		if shown.Kind == Session {
			SessionCookie.Clear(w, r)
		}
	}
	return Caller{}, problem.FromStatus(status.Convert(err), exchange.From(r.Context()))
}

// Visit counts a request of somebody unknown.
func (e *Entrance) Visit(r *http.Request) *problem.Problem {
	return slowDown(e.rate.Take(limit.OfAddress(exchange.From(r.Context()).Address)))
}

func slowDown(wait time.Duration) *problem.Problem {
	if wait == 0 {
		return nil
	}
	p := problem.New(http.StatusTooManyRequests, codes.ResourceExhausted, "RATE_LIMITED", "This caller sends too many requests at the moment.")
	p.RetryAfter = wait
	return p
}

// Held refuses an address from which too much was shown that was no good.
func (e *Entrance) Held(r *http.Request) *problem.Problem {
	wait := e.failures.Held(limit.OfAddress(exchange.From(r.Context()).Address))
	if wait == 0 {
		return nil
	}
	p := problem.New(http.StatusTooManyRequests, codes.ResourceExhausted, "SIGN_IN_THROTTLED",
		"Too many credentials from this address were refused. What was good before goes on working; anything else has to wait.")
	p.RetryAfter = wait
	return p
}

// Refused notes that something was shown that was no good.
func (e *Entrance) Refused(r *http.Request) {
	e.failures.Note(limit.OfAddress(exchange.From(r.Context()).Address))
}
