package store_test

import (
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// between runs begin and end in one transaction, and other in a second one that starts between them.
func (w *world) between(begin, end, other func(tx *eventlog.Tx) error) {
	w.Helper()
	ended := make(chan error, 1)
	w.do(func(tx *eventlog.Tx) error {
		if err := begin(tx); err != nil {
			return err
		}
		go func() { ended <- w.log.Do(w.Context(), other) }()
		if w.log.DB().Engine() == db.Postgres { // SQLite has one writer: nobody comes between
			testkit.Eventually(w.T, "the second has ended, or waits for the first", func() bool { return len(ended) > 0 || w.waiting() > 0 })
		}
		return end(tx)
	})
	if err := <-ended; err != nil {
		w.Fatal(err)
	}
}

// twice runs take in a transaction and, before that one is committed, in a second one. Each tells whether it had what it took.
func (w *world) twice(take func(tx *eventlog.Tx) (bool, error)) (first, second bool) {
	w.Helper()
	taking := func(had *bool) func(tx *eventlog.Tx) error {
		return func(tx *eventlog.Tx) (err error) {
			*had, err = take(tx)
			return err
		}
	}
	w.between(taking(&first), func(*eventlog.Tx) error { return nil }, taking(&second))
	return first, second
}

// A sign-in or a new link that meets a deactivation of its user leaves nothing for the day on which the user is let in again.
func TestADeactivationEndsWhatIsBeingMade(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.user("mina")
		link, session := domain.NewSecret(domain.LinkSecret, [32]byte{1}), domain.NewSecret(domain.SessionSecret, [32]byte{2})
		limits, err := domain.SessionLimits{}.Settle()
		if err != nil {
			t.Fatal(err)
		}
		w.between(func(tx *eventlog.Tx) error {
			row, err := store.Users.Hold(tx, "users/mina")
			if err == nil && row.Value.Deactivated {
				t.Error("deactivated too early")
			}
			return err
		}, func(tx *eventlog.Tx) error {
			opened := domain.NewSession(domain.Session{Name: "users/mina/sessions/a", User: "users/mina", Method: domain.ByProvider}, limits, tx.Now())
			if err := store.CreateSession(tx, opened, session, ""); err != nil {
				return err
			}
			return store.CreateSignInLink(tx, "users/mina", domain.SignInLink{Name: "users/mina/signInLinks/a", ExpireTime: tx.Now().Add(time.Minute)}, link)
		}, func(tx *eventlog.Tx) error {
			_, err := store.Users.Update(tx, "users/mina", "", func(u *domain.User, _ time.Time) ([]domain.Event, error) { return u.Deactivate(1) })
			return err
		})
		if s, found, err := store.SessionOf(t.Context(), w.log.DB().Read(), session); err != nil || found {
			t.Errorf("there is still %+v, %v", s, err)
		}
		w.do(func(tx *eventlog.Tx) error {
			_, l, found, err := store.TakeSignInLink(t.Context(), tx, link)
			if found {
				t.Errorf("there is still %+v", l)
			}
			return err
		})
	})
}

func TestALinkIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret := domain.NewSecret(domain.LinkSecret, [32]byte{1})
		w.do(func(tx *eventlog.Tx) error {
			link := domain.SignInLink{Name: "users/mina/signInLinks/a", ReturnTo: "/x", ExpireTime: tx.Now().Add(domain.SignInLinkLifetime)}
			return store.CreateSignInLink(tx, "users/mina", link, secret)
		})
		first, second := w.twice(func(tx *eventlog.Tx) (bool, error) {
			user, link, found, err := store.TakeSignInLink(t.Context(), tx, secret)
			if found && (user != "users/mina" || link.Name != "users/mina/signInLinks/a" || link.ReturnTo != "/x") {
				t.Errorf("took %+v of %s", link, user)
			}
			return found, err
		})
		if !first || second {
			t.Errorf("the first had it: %v, the second: %v", first, second)
		}
	})
}

func TestAPendingSignInIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		state, binding, other := domain.NewSecret("", [32]byte{1}), domain.NewSecret(domain.BindingSecret, [32]byte{2}), domain.NewSecret(domain.BindingSecret, [32]byte{3})
		w.do(func(tx *eventlog.Tx) error {
			p, err := domain.NewPendingSignIn("https://kata.example.com/sign-in/callback", "/x", tx.Now())
			if err != nil {
				return err
			}
			return store.CreatePendingSignIn(tx, p, state, binding)
		})
		w.do(func(tx *eventlog.Tx) error {
			_, found, err := store.TakePendingSignIn(t.Context(), tx, state, other)
			if found {
				t.Error("another browser has it")
			}
			return err
		})
		first, second := w.twice(func(tx *eventlog.Tx) (bool, error) {
			p, found, err := store.TakePendingSignIn(t.Context(), tx, state, binding)
			if found && p.ReturnTo != "/x" {
				t.Errorf("took %+v", p)
			}
			return found, err
		})
		if !first || second {
			t.Errorf("the first had it: %v, the second: %v", first, second)
		}
	})
}
