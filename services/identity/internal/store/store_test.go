package store_test

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// each runs fn on both engines.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			k := testkit.New(t)
			fn(t, &world{T: t, Kit: k, log: k.Log(engine, "identity", migrations.FS)})
		})
	}
}

type world struct {
	*testing.T
	*testkit.Kit
	log *eventlog.Log
}

// do runs a transaction that must succeed.
func (w *world) do(fn func(tx *eventlog.Tx) error) {
	w.Helper()
	if err := w.log.Do(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) team(id string) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error {
		team, events, err := domain.NewTeam(domain.Team{Name: domain.TeamName(id), DisplayName: id})
		if err != nil {
			return err
		}
		_, err = store.Teams.Create(tx, team, events...)
		return err
	})
}

func (w *world) user(id string, roles ...domain.OrganizationRole) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error {
		user, events, err := domain.NewUser(domain.User{Name: domain.UserName(id), DisplayName: id, Roles: roles})
		if err != nil {
			return err
		}
		_, err = store.Users.Create(tx, user, events...)
		return err
	})
}

func (w *world) join(team, user string, role domain.TeamRole) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error {
		_, err := store.AddMember(tx, domain.TeamName(team), domain.UserName(user), role)
		return err
	})
}

func (w *world) leave(team, user string) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error {
		_, err := store.Members.Update(tx, domain.MemberName(domain.TeamName(team), domain.UserName(user)), "", func(m *domain.Member, _ time.Time) ([]domain.Event, error) {
			return m.Remove()
		})
		return err
	})
}

func TestMigrationsOfBothEnginesMatch(t *testing.T) {
	if err := db.CheckMigrations(migrations.FS); err != nil {
		t.Error(err)
	}
}

func TestMemberships(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.join("search", "mina", domain.RoleCoach)
		w.join("payments", "mina", domain.RoleViewer)
		w.join("payments", "noor", domain.RoleMember)
		w.join("billing", "mina", domain.RoleMember)
		w.leave("billing", "mina")

		roles := func() map[string]domain.TeamRole {
			members, err := store.Memberships(t.Context(), w.log.DB().Read(), "users/mina")
			if err != nil {
				t.Fatal(err)
			}
			found := map[string]domain.TeamRole{}
			for _, m := range members {
				found[domain.ID(domain.Parent(m.Name))] = m.Role
			}
			return found
		}
		if got := roles(); len(got) != 2 || got["search"] != domain.RoleCoach || got["payments"] != domain.RoleViewer {
			t.Errorf("memberships = %v", got)
		}

		// Whoever comes back goes on where the history ended: the versions have no hole and no double.
		w.join("billing", "mina", domain.RoleCoach)
		if got := roles(); got["billing"] != domain.RoleCoach {
			t.Errorf("after the return: %v", got)
		}
		row, err := store.Members.Get(t.Context(), w.log, "teams/billing/members/mina")
		if err != nil || row.Version != 3 {
			t.Errorf("version = %d, %v; want 3: added, removed, added", row.Version, err)
		}
	})
}

func TestTeamsOfFillsItsPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var want []string
		for _, id := range []string{"a", "a-b", "ab", "b", "c", "d", "e"} {
			w.team(id)
			if id == "b" || id == "d" { // in between are teams of others, and one that mina left
				continue
			}
			w.join(id, "mina", domain.RoleMember)
			want = append(want, domain.TeamName(id))
		}
		w.join("d", "mina", domain.RoleMember)
		w.leave("d", "mina")
		w.join("b", "noor", domain.RoleMember)

		var got []string
		q := record.Query{PageSize: 2, Principal: "users/mina"}
		for pages := 1; ; pages++ {
			rows, next, err := store.TeamsOf(t.Context(), w.log, q)
			if err != nil {
				t.Fatal(err)
			}
			if next != "" && len(rows) != 2 {
				t.Errorf("page %d is short: %d rows", pages, len(rows))
			}
			for _, row := range rows {
				got = append(got, row.Value.Name)
				if row.Etag == "" || !row.CreateTime.Equal(w.Clock.Now()) {
					t.Errorf("%s has etag %q, create time %v", row.Value.Name, row.Etag, row.CreateTime)
				}
			}
			if q.PageToken = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("teams = %v, want %v", got, want)
		}

		_, next, err := store.TeamsOf(t.Context(), w.log, record.Query{PageSize: 1, Principal: "users/mina"})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = store.TeamsOf(t.Context(), w.log, record.Query{PageSize: 1, Principal: "users/noor", PageToken: next})
		testkit.Refused(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	})
}

func TestOtherAdmins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.user("mina", domain.Admin)
		w.user("noor", domain.Manager)
		w.user("omar", domain.Admin, domain.Manager)
		w.user("gone", domain.Admin)
		w.user("grit")
		for user, change := range map[string]func(u *domain.User) ([]domain.Event, error){
			"gone": func(u *domain.User) ([]domain.Event, error) { return u.Deactivate(1) }, // counts no more
			"grit": func(u *domain.User) ([]domain.Event, error) {
				return u.SetGroupRoles([]domain.OrganizationRole{domain.Admin})
			},
		} {
			w.do(func(tx *eventlog.Tx) error {
				_, err := store.Users.Update(tx, domain.UserName(user), "", func(u *domain.User, _ time.Time) ([]domain.Event, error) { return change(u) })
				return err
			})
		}
		for user, want := range map[string]int{"mina": 2, "noor": 3, "omar": 2, "gone": 3, "grit": 2} {
			w.do(func(tx *eventlog.Tx) error {
				got, err := store.OtherAdmins(t.Context(), tx, domain.UserName(user))
				if got != want {
					t.Errorf("other admins than %s = %d, want %d", user, got, want)
				}
				return err
			})
		}
	})
}

func TestTwoAdminsCannotBothLeave(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.user("mina", domain.Admin)
		w.user("omar", domain.Admin)
		leave := func(user string, counted func()) error {
			return w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
				_, err := store.Users.Update(tx, user, "", func(u *domain.User, _ time.Time) ([]domain.Event, error) {
					others, err := store.OtherAdmins(t.Context(), tx, u.Name)
					if err != nil {
						return nil, err
					}
					counted()
					return u.Update(func(u *domain.User) { u.Roles = nil }, others)
				})
				return err
			})
		}
		second := make(chan error, 1)
		leaveToo := func() { second <- leave("users/omar", func() {}) }
		err := leave("users/mina", func() {
			go leaveToo()
			if w.log.DB().Engine() == db.Postgres { // SQLite has one writer: nobody comes between
				testkit.Eventually(t, "the second has counted, or waits for the first", func() bool {
					return len(second) > 0 || w.waiting() > 0
				})
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		testkit.Refused(t, <-second, fault.FailedPrecondition, "LAST_ADMIN", "user.organization_roles")
	})
}

// waiting counts the transactions on Postgres that wait for a lock.
func (w *world) waiting() int {
	w.Helper()
	n, _, err := db.One[int](w.Context(), w.log.DB().Read(), "select count(*) from pg_locks where not granted")
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func TestTokenIsFoundByItsSecretAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret := domain.NewSecret(domain.TokenSecret, [32]byte{1})
		w.do(func(tx *eventlog.Tx) error {
			token, events, err := domain.NewToken(domain.Token{Name: "users/mina/tokens/ci", DisplayName: "CI"}, true, tx.Now())
			if err != nil {
				return err
			}
			_, err = store.CreateToken(tx, token, secret, events...)
			return err
		})
		for text, want := range map[string]string{secret.Reveal(): "users/mina/tokens/ci", secret.Hash(): "", secret.Reveal() + " ": "", "": ""} {
			name, found, err := store.TokenOf(t.Context(), w.log.DB().Read(), domain.SentSecret(text))
			if err != nil || name != want || found != (want != "") {
				t.Errorf("token of %q = %q, %v, %v; want %q", text, name, found, err, want)
			}
		}
	})
}

func TestBootstrapTokenIsTheLastOneOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, current := domain.NewSecret(domain.TokenSecret, [32]byte{1}), domain.NewSecret(domain.TokenSecret, [32]byte{2})
		take := func(secret domain.Secret) (taken bool) {
			w.do(func(tx *eventlog.Tx) (err error) {
				taken, err = store.TakeBootstrap(tx, secret)
				return err
			})
			return taken
		}
		for _, secret := range []domain.Secret{old, current} {
			w.do(func(tx *eventlog.Tx) error { return store.OfferBootstrap(tx, secret) })
		}
		if take(old) {
			t.Error("the token of an earlier start works")
		}
		if !take(current) || take(current) {
			t.Error("the token must work once and only once")
		}
	})
}

func TestAdmitEndsTheEmptiness(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		empty := func() (empty bool) {
			w.do(func(tx *eventlog.Tx) (err error) {
				empty, err = store.Empty(t.Context(), tx)
				return err
			})
			return empty
		}
		if !empty() {
			t.Error("a fresh installation has users")
		}
		admit := func(user domain.User, token string) {
			w.do(func(tx *eventlog.Tx) error {
				secret := domain.NewSecret(domain.TokenSecret, [32]byte{token[0]})
				u, row, err := store.Admit(tx, user, domain.Token{Name: domain.TokenName(user.Name, token), DisplayName: token}, secret)
				if err == nil && (u.Value.DisplayName != "Mina" || row.Value.Name != "users/mina/tokens/"+token) {
					t.Errorf("admitted %+v with %+v", u.Value, row.Value)
				}
				return err
			})
		}
		admit(domain.User{Name: "users/mina", DisplayName: "Mina"}, "first")
		admit(domain.User{Name: "users/mina", DisplayName: "Mina, said otherwise"}, "second")
		if empty() {
			t.Error("it is empty after a user was admitted")
		}
	})
}

func TestSigningKeysEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := func(id string) store.SigningKey {
			return store.SigningKey{ID: id, Key: ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))}
		}
		listed := func() (ids []string) {
			keys, err := store.SigningKeys(t.Context(), w.log.DB().Read(), w.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				ids = append(ids, k.ID)
			}
			return ids
		}
		w.do(func(tx *eventlog.Tx) error { return store.AddSigningKey(tx, key("old"), tx.Now().Add(time.Hour)) })
		w.Clock.Advance(30 * time.Minute)
		w.do(func(tx *eventlog.Tx) error { return store.AddSigningKey(tx, key("new"), tx.Now().Add(time.Hour)) })
		if got := listed(); !slices.Equal(got, []string{"new", "old"}) {
			t.Errorf("keys = %v, want the newest first", got)
		}
		w.Clock.Advance(30 * time.Minute)
		if got := listed(); !slices.Equal(got, []string{"new"}) {
			t.Errorf("keys = %v after the old one's end", got)
		}
		w.do(func(tx *eventlog.Tx) error { return store.AddSigningKey(tx, key("next"), tx.Now().Add(time.Hour)) })
		n, _, err := db.One[int](t.Context(), w.log.DB().Read(), "select count(*) from signing_keys")
		if err != nil || n != 2 {
			t.Errorf("%d keys are stored, %v; those that ended are to be forgotten", n, err)
		}
	})
}
