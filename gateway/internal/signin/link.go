package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fortnighthq/fortnight/gateway/internal/pages"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// confirm asks before a link is used: chat programs open links to show what is behind, and a link works once.
func (h *Handlers) confirm(w http.ResponseWriter, r *http.Request) {
	if p := h.Entrance.Visit(r); p != nil {
		h.fail(w, r, p)
		return
	}
	secret := r.URL.Query().Get("secret")
	if secret == "" {
		http.Redirect(w, r, "/sign-in/local", http.StatusSeeOther)
		return
	}
	h.pages().Show(w, r, http.StatusOK, "link.html", pages.Page{Title: "Sign in with this link?", SignedOut: true, Content: map[string]any{"Secret": secret}})
}

// useLink signs in.
func (h *Handlers) useLink(w http.ResponseWriter, r *http.Request) {
	p := h.Entrance.Visit(r)
	if p == nil {
		p = h.Entrance.SameOrigin(r)
	}
	if p == nil {
		p = h.Entrance.Held(r)
	}
	if p != nil {
		h.fail(w, r, p)
		return
	}
	secret := linkSecret(r.PostForm.Get("secret"))
	if secret == "" {
		h.pages().Show(w, r, http.StatusBadRequest, "local.html", pages.Page{Title: "Sign in with a link", SignedOut: true, Content: "Paste the link first."})
		return
	}
	answer, err := h.Identity.SignInWithLink(r.Context(), &identityv1.SignInWithLinkRequest{Secret: secret})
	h.arrive(w, r, answer, err)
}

// linkSecret is what identity knows a link by, out of what somebody has pasted: the link, or its secret.
func linkSecret(pasted string) string {
	pasted = strings.TrimSpace(pasted)
	if _, query, found := strings.Cut(pasted, "?"); found {
		if values, err := url.ParseQuery(query); err == nil && values.Get("secret") != "" {
			return values.Get("secret")
		}
	}
	return pasted
}
