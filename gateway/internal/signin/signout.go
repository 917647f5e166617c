package signin

import (
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/pages"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// signedOut is where a browser is after it has signed out.
const signedOut = "/sign-in?signedOut"

// askSignOut asks, because a link must not change anything.
func (h *Handlers) askSignOut(w http.ResponseWriter, r *http.Request) {
	me, ok := h.signedIn(w, r, signedOut)
	if !ok {
		return
	}
	h.pages().Show(w, r, http.StatusOK, "sign-out.html", pages.Page{
		Title: "Sign out?", Person: me.Name, Content: map[string]any{"CSRF": me.Credential.CSRF()},
	})
}

// signOut ends the session, here and at the provider.
func (h *Handlers) signOut(w http.ResponseWriter, r *http.Request) {
	who, p := h.Entrance.Admit(w, r)
	switch {
	case p != nil && p.Status != http.StatusUnauthorized:
		h.fail(w, r, p)
		return
	case p != nil || who.Credential.Kind != credential.Session: // it is over already
		http.Redirect(w, r, signedOut, http.StatusSeeOther)
		return
	}
	request := &identityv1.SignOutRequest{Secret: who.Credential.Secret}
	if base := exchange.From(r.Context()).Base; base != "" {
		request.PostLogoutRedirectUri = base + signedOut
	}
	answer, err := h.Identity.SignOut(r.Context(), request)
	h.Entrance.Forget()
	if err != nil && status.Code(err) != codes.Unauthenticated {
		h.failed(w, r, err)
		return
	}
	credential.SessionCookie.Clear(w, r)
	at := answer.GetEndSessionUri()
	if !elsewhere(at) {
		http.Redirect(w, r, signedOut, http.StatusSeeOther)
		return
	}
	// Browsers hold a form to this site even where it is sent on, so a page leads to the provider.
	h.pages().Show(w, r, http.StatusOK, "signed-out.html", pages.Page{
		Title: "You are signed out of Fortnight", SignedOut: true, Continue: at, Content: map[string]any{"Provider": at},
	})
}
