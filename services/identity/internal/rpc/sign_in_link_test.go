package rpc_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestALinkSignsInOnce(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		secret := w.link("users/mina", "/teams/payments?tab=1#top")
		if !domain.SentSecret(secret).WellFormed(domain.LinkSecret) {
			t.Errorf("the link's secret has another form: %s…", secret[:4])
		}
		answer := must(w.useLink(secret))(t)
		if answer.GetReturnTo() != "/teams/payments?tab=1#top" || !domain.SentSecret(answer.GetSecret()).WellFormed(domain.SessionSecret) {
			t.Errorf("the answer returns to %q", answer.GetReturnTo())
		}
		s := answer.GetSession()
		if !strings.HasPrefix(s.GetName(), "users/mina/sessions/") || s.GetMethod() != identityv1.SignInMethod_SIGN_IN_METHOD_LINK ||
			s.GetAddress() != "203.0.113.7" || s.GetUserAgent() != "Browser/1.0" || !s.GetCurrent() {
			t.Errorf("session = %v", s)
		}
		if me := w.whoIs(answer.GetSecret()); me.GetUser() != "users/mina" || me.GetReadOnly() {
			t.Errorf("the session lets in %v", me)
		}
		_, err := w.useLink(secret)
		testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_LINK_INVALID")
		w.whoIs(answer.GetSecret()) // the second use does not end the session of the first

		events := w.audited(commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_LINK_CREATED, commonv1.AuditAction_AUDIT_ACTION_SIGNED_IN, commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_REFUSED)
		if len(events) != 3 {
			t.Fatalf("audited %v", events)
		}
		if events[0].GetActor() != "users/root" || events[1].GetActor() != "users/mina" || events[1].GetResource() != s.GetName() ||
			events[1].GetAddress() != "203.0.113.7" || events[1].GetDoor() != commonv1.AuditDoor_AUDIT_DOOR_PAGES ||
			events[2].GetReason() != "SIGN_IN_LINK_INVALID" || events[2].GetAddress() != "203.0.113.7" {
			t.Errorf("audited %v", events)
		}
	})
}

func TestUselessLinksGetOneAnswer(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		used, over, deactivated := w.link("users/mina", ""), w.link("users/mina", ""), w.link("users/noor", "")
		if answer := must(w.useLink(used))(t); answer.GetReturnTo() != "/" {
			t.Errorf("returns to %q", answer.GetReturnTo())
		}
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/noor"}))(t)
		must(w.ReactivateUser(w.As(root), &identityv1.ReactivateUserRequest{Name: "users/noor"}))(t)
		_, err := w.useLink(deactivated) // it is not over, and does not come back with its user
		testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_LINK_INVALID")
		w.Clock.Advance(domain.SignInLinkLifetime)
		messages := map[string]bool{}
		for _, secret := range []string{used, over, deactivated, "fnl_", "guessed", domain.NewSecret(domain.LinkSecret, [32]byte{1}).Reveal(), "' or 1=1 --"} {
			_, err := w.useLink(secret)
			messages[testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_LINK_INVALID").Message] = true
		}
		if len(messages) != 1 {
			t.Errorf("the answers tell the cases apart: %v", messages)
		}
	})
}

func TestALinkIsGoodUntilItsEnd(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		secret := w.link("users/mina", "")
		w.Clock.Advance(domain.SignInLinkLifetime - time.Second)
		must(w.useLink(secret))(t)
	})
}

func TestManyUseOneLinkAtOnce(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		secret := w.link("users/mina", "")
		const many = 12
		errs := make([]error, many)
		var running sync.WaitGroup
		for i := range many {
			running.Go(func() { _, errs[i] = w.useLink(secret) })
		}
		running.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
				continue
			}
			testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_LINK_INVALID")
		}
		if in != 1 {
			t.Errorf("the link let %d in", in)
		}
		if sessions := must(w.ListSessions(w.As(root), &identityv1.ListSessionsRequest{Parent: "users/mina"}))(t).GetSessions(); len(sessions) != 1 {
			t.Errorf("%d sessions", len(sessions))
		}
	})
}

func TestWhoMakesLinks(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		ask := func(parent, returnTo string) error {
			_, err := w.CreateSignInLink(w.As(root), &identityv1.CreateSignInLinkRequest{Parent: parent, ReturnTo: returnTo})
			return err
		}
		testkit.Refused(t, ask("users/nobody", ""), fault.NotFound, "USER_NOT_FOUND")
		testkit.Refused(t, ask("users/mina", "https://evil.example"), fault.InvalidArgument, "SIGN_IN_RETURN_TO_INVALID", "return_to")
		testkit.Refused(t, ask("users/mina", "//evil.example"), fault.InvalidArgument, "SIGN_IN_RETURN_TO_INVALID", "return_to")
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/noor"}))(t)
		testkit.Refused(t, ask("users/noor", ""), fault.FailedPrecondition, "USER_DEACTIVATED", "parent")
		_, err := w.CreateSignInLink(w.As(coach), &identityv1.CreateSignInLinkRequest{Parent: "users/mina"})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		_, err = w.CreateSignInLink(w.As(nobody), &identityv1.CreateSignInLinkRequest{Parent: "users/mina"})
		testkit.Refused(t, err, fault.Unauthenticated, "UNAUTHENTICATED")
	})
}
