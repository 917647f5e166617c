package signin

import (
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// bindingAge is how long somebody may take at the provider. Identity measures it, too.
const bindingAge = 10 * time.Minute

// begin sends the browser to the provider. It is a link and no form, because browsers hold a form to this site even where it
// is sent on.
func (h *Handlers) begin(w http.ResponseWriter, r *http.Request) {
	base, p := h.address(r)
	if p != nil {
		h.fail(w, r, p)
		return
	}
	begun, err := h.Identity.BeginSignIn(r.Context(), &identityv1.BeginSignInRequest{
		ReturnTo: returnTo(r.URL.Query()), RedirectUri: base + "/sign-in/callback",
	})
	if err != nil {
		h.failed(w, r, err)
		return
	}
	if !elsewhere(begun.GetAuthorizationUri()) {
		h.fail(w, r, problem.New(http.StatusInternalServerError, codes.Internal, "INTERNAL", "The provider's address cannot be used."))
		return
	}
	credential.BindingCookie.Set(w, r, begun.GetBinding(), bindingAge)
	http.Redirect(w, r, begun.GetAuthorizationUri(), http.StatusFound)
}

// address is this installation's own address, which the provider has to send the browser back to.
func (h *Handlers) address(r *http.Request) (string, *problem.Problem) {
	if p := h.Entrance.Visit(r); p != nil {
		return "", p
	}
	base := exchange.From(r.Context()).Base
	if base == "" {
		return "", problem.New(http.StatusBadRequest, codes.InvalidArgument, "REQUEST_UNREADABLE", "The header Host does not name a host.")
	}
	return base, nil
}

// complete takes the browser back from the provider.
func (h *Handlers) complete(w http.ResponseWriter, r *http.Request) {
	p := h.Entrance.Visit(r)
	if p == nil {
		p = h.Entrance.Held(r)
	}
	if p != nil {
		h.fail(w, r, p)
		return
	}
	query := r.URL.Query()
	binding := ""
	if values := credential.BindingCookie.Values(r); len(values) == 1 {
		binding = values[0]
	}
	credential.BindingCookie.Clear(w, r)
	answer, err := h.Identity.CompleteSignIn(r.Context(), &identityv1.CompleteSignInRequest{
		State: query.Get("state"), Code: query.Get("code"), Issuer: query.Get("iss"), Error: query.Get("error"), Binding: binding,
	})
	h.arrive(w, r, answer, err)
}
