package signin

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/pages"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// sessionsShown is how many sessions the page holds at most.
const sessionsShown = 100

// plainID is the form of the ids in names.
var plainID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`)

// person is who has signed in.
type person struct {
	credential.Admitted
	*identityv1.Caller
	// Name is the one that others see.
	Name string
}

// signedIn lets in who has signed in, and sends everybody else elsewhere.
func (h *Handlers) signedIn(w http.ResponseWriter, r *http.Request, otherwise string) (person, bool) {
	who, p := h.Entrance.Admit(w, r)
	switch {
	case p != nil && p.Status != http.StatusUnauthorized:
		h.fail(w, r, p)
		return person{}, false
	case p != nil || who.Credential.Kind == credential.None:
		http.Redirect(w, r, otherwise, http.StatusSeeOther)
		return person{}, false
	}
	me, err := h.Identity.GetCaller(r.Context(), &identityv1.GetCallerRequest{})
	if err != nil {
		h.failed(w, r, err)
		return person{}, false
	}
	found := person{who, me, me.GetUser()}
	if me.GetUser() == "" {
		found.Name = "The bot of " + me.GetBotTeam()
	} else if user, err := h.Identity.GetUser(r.Context(), &identityv1.GetUserRequest{Name: me.GetUser()}); err == nil && user.GetDisplayName() != "" {
		found.Name = user.GetDisplayName()
	}
	return found, true
}

func signInFor(path string) string { return "/sign-in?" + url.Values{"returnTo": {path}}.Encode() }

// account shows who somebody is and where they are signed in.
func (h *Handlers) account(w http.ResponseWriter, r *http.Request) {
	me, ok := h.signedIn(w, r, signInFor(r.URL.RequestURI()))
	if !ok {
		return
	}
	content := map[string]any{"User": me.GetUser(), "Roles": roles(me.Caller), "Teams": teams(me.Caller), "CSRF": me.Credential.CSRF()}
	if me.GetUser() != "" {
		listed, err := h.Identity.ListSessions(r.Context(), &identityv1.ListSessionsRequest{
			Parent: me.GetUser(), PageSize: sessionsShown, PageToken: r.URL.Query().Get("pageToken"),
		})
		if err != nil {
			h.failed(w, r, err)
			return
		}
		content["Sessions"], content["Next"] = sessions(listed.GetSessions()), listed.GetNextPageToken()
	}
	h.pages().Show(w, r, http.StatusOK, "account.html", pages.Page{Title: me.Name, Person: me.Name, Content: content})
}

// revoke ends one session of somebody's own.
func (h *Handlers) revoke(w http.ResponseWriter, r *http.Request) {
	me, ok := h.signedIn(w, r, signInFor("/account"))
	if !ok {
		return
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/account/sessions/"), ":")
	ended, err := h.Identity.RevokeSession(r.Context(), &identityv1.RevokeSessionRequest{Name: me.GetUser() + "/sessions/" + id})
	switch {
	case err != nil:
		h.failed(w, r, err)
	case ended.GetCurrent():
		credential.SessionCookie.Clear(w, r)
		http.Redirect(w, r, signedOut, http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/account", http.StatusSeeOther)
	}
}
