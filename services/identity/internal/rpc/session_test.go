package rpc_test

import (
	"testing"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// over fails the test unless a session lets nobody in.
func (w *pages) over(secret string) {
	w.Helper()
	_, err := w.with(secret)
	testkit.Refused(w.T, err, fault.Unauthenticated, "SESSION_INVALID")
}

func (w *pages) sessions(user string) []*identityv1.Session {
	w.Helper()
	return must(w.ListSessions(w.As(root), &identityv1.ListSessionsRequest{Parent: user}))(w.T).GetSessions()
}

func TestASessionEndsWhenItIsNotUsed(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		secret := must(w.useLink(w.link("users/mina", "")))(t).GetSecret()
		for range 3 { // each use begins the idle time anew
			w.Clock.Advance(domain.DefaultSessionIdle - time.Minute)
			w.whoIs(secret)
			if at := w.sessions("users/mina")[0].GetLastUseTime().AsTime(); !at.Equal(w.Clock.Now()) {
				t.Errorf("last used %v, want %v", at, w.Clock.Now())
			}
		}
		w.Clock.Advance(domain.DefaultSessionIdle + time.Minute)
		w.over(secret)
		if left := w.sessions("users/mina"); len(left) != 0 {
			t.Errorf("listed after its end: %v", left)
		}
		must(w.useLink(w.link("users/noor", "")))(t)
		n, _, err := db.One[int](t.Context(), w.log.DB().Read(), "select count(*) from sessions")
		if err != nil || n != 1 {
			t.Errorf("%d sessions are stored, %v; the one that ended, with its address, is to be gone", n, err)
		}
	})
}

func TestASessionEndsAtTheLatest(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		secret := must(w.useLink(w.link("users/mina", "")))(t).GetSecret()
		for used := time.Duration(0); used < domain.DefaultSessionLifetime-time.Hour; used += 12 * time.Hour {
			w.whoIs(secret)
			w.Clock.Advance(12 * time.Hour)
		}
		w.over(secret)
	})
}

func TestTheLastUseIsKnownToTheMinute(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		w.Clock.Advance(10 * time.Second)
		secret := must(w.useLink(w.link("users/mina", "")))(t).GetSecret()
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{40 * time.Second, 0}, {20 * time.Second, 1}, {50 * time.Second, 2}} {
			w.Clock.Advance(step.wait)
			w.whoIs(secret)
			at := w.sessions("users/mina")[0].GetLastUseTime().AsTime()
			if at.Minute() != step.want || at.Second() != 0 {
				t.Errorf("after %v last used %v", step.wait, at)
			}
		}
	})
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		var secrets []string
		for range 3 {
			secrets = append(secrets, must(w.useLink(w.link("users/mina", "")))(t).GetSecret())
			w.Clock.Advance(time.Second)
		}
		if secrets[0] == secrets[1] || secrets[1] == secrets[2] {
			t.Fatal("two sign-ins share a session")
		}
		mina := must(w.with(secrets[1]))(t)
		first := must(w.ListSessions(mina, &identityv1.ListSessionsRequest{Parent: "users/mina", PageSize: 2}))(t)
		rest := must(w.ListSessions(mina, &identityv1.ListSessionsRequest{Parent: "users/mina", PageSize: 2, PageToken: first.GetNextPageToken()}))(t)
		all := append(first.GetSessions(), rest.GetSessions()...)
		if len(first.GetSessions()) != 2 || len(all) != 3 || rest.GetNextPageToken() != "" {
			t.Fatalf("pages of %d and %d", len(first.GetSessions()), len(rest.GetSessions()))
		}
		for i, s := range all {
			if s.GetCurrent() != (i == 1) || i > 0 && s.GetCreateTime().AsTime().After(all[i-1].GetCreateTime().AsTime()) {
				t.Errorf("session %d is %v", i, s)
			}
		}
		// Others see and end nothing.
		for _, who := range []caller.Caller{member, callertest.Manager("boss"), callertest.User("cora", "payments", caller.Coach)} {
			_, err := w.ListSessions(w.As(who), &identityv1.ListSessionsRequest{Parent: "users/mina"})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
			_, err = w.RevokeSession(w.As(who), &identityv1.RevokeSessionRequest{Name: all[0].GetName()})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		}
		ended := must(w.RevokeSession(mina, &identityv1.RevokeSessionRequest{Name: all[0].GetName()}))(t)
		if ended.GetExpireTime().AsTime().After(w.Clock.Now()) {
			t.Errorf("the revoked session ends at %v", ended.GetExpireTime().AsTime())
		}
		w.over(secrets[2])
		w.whoIs(secrets[0])
		_, err := w.RevokeSession(mina, &identityv1.RevokeSessionRequest{Name: all[0].GetName()})
		testkit.Refused(t, err, fault.NotFound, "SESSION_NOT_FOUND")
		revoked := w.audited(commonv1.AuditAction_AUDIT_ACTION_SESSION_REVOKED)
		if len(revoked) != 1 || revoked[0].GetActor() != "users/mina" || revoked[0].GetResource() != all[0].GetName() {
			t.Errorf("audited %v", revoked)
		}
	})
}

func TestSignOut(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		answer := must(w.useLink(w.link("users/mina", "")))(t)
		for range 2 { // the second time it is unknown, which is no error
			if out := must(w.SignOut(w.browser(), &identityv1.SignOutRequest{Secret: answer.GetSecret()}))(t); out.GetEndSessionUri() != "" {
				t.Errorf("a session by link ends at the provider: %q", out.GetEndSessionUri())
			}
		}
		w.over(answer.GetSecret())
		out := w.audited(commonv1.AuditAction_AUDIT_ACTION_SIGNED_OUT)
		if len(out) != 1 || out[0].GetActor() != "users/mina" || out[0].GetResource() != answer.GetSession().GetName() {
			t.Errorf("audited %v", out)
		}
	})
}

func TestADeactivatedUserIsSignedOut(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		noor, mina := must(w.useLink(w.link("users/noor", "")))(t).GetSecret(), must(w.useLink(w.link("users/mina", "")))(t).GetSecret()
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/noor"}))(t)
		w.over(noor)
		must(w.ReactivateUser(w.As(root), &identityv1.ReactivateUserRequest{Name: "users/noor"}))(t)
		w.over(noor)
		w.whoIs(mina)
	})
}

func TestNoSecretIsASession(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		link := w.link("users/mina", "")
		token := w.token("users/mina", "ci").GetSecret()
		secret := must(w.useLink(w.link("users/mina", "")))(t).GetSecret()
		for _, wrong := range []string{link, token, secret + "0", secret[:len(secret)-1], "fns_", domain.NewSecret(domain.SessionSecret, [32]byte{9}).Reveal()} {
			w.over(wrong)
		}
		_, err := w.signIn(secret) // a session is no API token
		testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
	})
}
