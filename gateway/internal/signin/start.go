package signin

import (
	"net/http"
	"net/url"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/pages"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// start offers the ways to sign in, or takes the only one.
func (h *Handlers) start(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	to := returnTo(query)
	who, p := h.Entrance.Admit(w, r)
	switch {
	case p != nil && p.Status != http.StatusUnauthorized:
		h.fail(w, r, p)
		return
	case p == nil && who.Credential.Kind != credential.None:
		http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // returnTo lets only paths of this installation through
		return
	}
	ways, err := h.Identity.GetSignInMethods(r.Context(), &identityv1.GetSignInMethodsRequest{})
	if err != nil {
		h.failed(w, r, err)
		return
	}
	provider := "/sign-in/provider?" + url.Values{"returnTo": {to}}.Encode()
	signedOut, failed := query.Has("signedOut"), query.Has("failed")
	// Whoever has just signed out, or was just refused, would only go round in a circle.
	if ways.GetAutomatic() && ways.GetProviderDisplayName() != "" && !query.Has("local") && !signedOut && !failed {
		http.Redirect(w, r, provider, http.StatusSeeOther)
		return
	}
	h.pages().Show(w, r, http.StatusOK, "sign-in.html", pages.Page{
		Title: "Sign in", SignedOut: true,
		Content: map[string]any{"Provider": ways.GetProviderDisplayName(), "Begin": provider, "SignedOut": signedOut},
	})
}

// local is the way in that needs no provider.
func (h *Handlers) local(w http.ResponseWriter, r *http.Request) {
	if p := h.Entrance.Visit(r); p != nil {
		h.fail(w, r, p)
		return
	}
	h.pages().Show(w, r, http.StatusOK, "local.html", pages.Page{Title: "Sign in with a link", SignedOut: true})
}
