package signin

import (
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// arrive ends a sign-in: the browser gets the session and goes where it wanted to, with nothing secret in the address.
func (h *Handlers) arrive(w http.ResponseWriter, r *http.Request, answer *identityv1.SignInResponse, err error) {
	if err != nil {
		h.notLetIn(w, r, err)
		return
	}
	h.endFormer(r)
	h.Entrance.Forget() // the provider's groups may have changed what somebody may do
	session := credential.Credential{Kind: credential.Session, Secret: answer.GetSecret()}
	// A session that is no good at once would send a browser round and round between here and the provider.
	if _, err := h.Entrance.Authenticate(r.Context(), session); err != nil {
		h.failed(w, r, err)
		return
	}
	credential.SessionCookie.Set(w, r, answer.GetSecret(), h.SessionLifetime)
	http.Redirect(w, r, returnTo(url.Values{"returnTo": {answer.GetReturnTo()}}), http.StatusSeeOther)
}

// notLetIn answers for a sign-in that identity refuses.
func (h *Handlers) notLetIn(w http.ResponseWriter, r *http.Request, err error) {
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied:
		h.Entrance.Refused(r)
	case codes.InvalidArgument: // not even well-formed: a link or a state that identity has never made
		h.Entrance.Refused(r)
		h.fail(w, r, problem.New(http.StatusBadRequest, codes.InvalidArgument, "SIGN_IN_UNREADABLE",
			"Fortnight has begun no such sign-in. The address may have been cut off."))
		return
	default: // not a credential's fault
	}
	h.failed(w, r, err)
}

// endFormer ends the session that the browser had before: each sign-in begins anew, and nothing old stays open. When that
// fails the session ends by itself.
func (h *Handlers) endFormer(r *http.Request) {
	former, p := credential.Of(r)
	if p != nil || former.Kind != credential.Session {
		return
	}
	if _, err := h.Identity.SignOut(r.Context(), &identityv1.SignOutRequest{Secret: former.Secret}); err != nil {
		h.Logger.InfoContext(r.Context(), "a former session could not be ended", "code", status.Code(err).String())
	}
}
