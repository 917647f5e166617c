package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// changeTeam applies a rule to a team.
func (w *world) changeTeam(id string, rule func(*domain.Team) ([]domain.Event, error)) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error {
		_, err := store.Teams.Update(tx, domain.TeamName(id), "", func(t *domain.Team, _ time.Time) ([]domain.Event, error) { return rule(t) })
		return err
	})
}

func (w *world) open(id string) {
	w.Helper()
	w.changeTeam(id, func(t *domain.Team) ([]domain.Event, error) {
		return t.Update(func(t *domain.Team) { t.Visibility = domain.VisibleToOrganization })
	})
}

func TestTeamRoles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, id := range []string{"payments", "search", "billing"} {
			w.team(id)
			w.join(id, "mina", domain.RoleCoach)
		}
		w.leave("billing", "mina")
		w.changeTeam("search", (*domain.Team).Deactivate)
		got, err := store.TeamRoles(t.Context(), w.log.DB().Read(), "users/mina")
		want := map[string]domain.TeamRole{"payments": domain.RoleCoach, "search": domain.RoleViewer}
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("roles = %v, %v; want %v", got, err, want)
		}
	})
}

func TestOpenTeams(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, id := range []string{"b", "a-b", "a", "closed", "ab", "shut"} {
			w.team(id)
			if id != "closed" {
				w.open(id)
			}
		}
		w.changeTeam("shut", (*domain.Team).Deactivate) // what it did stays readable
		open := func() []string {
			got, err := store.OpenTeams(t.Context(), w.log.DB().Read())
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := open(); !slices.Equal(got, []string{"a", "a-b", "ab", "b", "shut"}) || !slices.IsSorted(got) {
			t.Errorf("open teams = %v", got)
		}
		w.changeTeam("a", func(t *domain.Team) ([]domain.Event, error) {
			return t.Update(func(t *domain.Team) { t.Visibility = "" })
		})
		if got := open(); slices.Contains(got, "a") {
			t.Errorf("a closed team is open: %v", got)
		}
	})
}

func TestTeamsOfShowsAnOpenTeamOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, id := range []string{"payments", "search", "closed"} {
			w.team(id)
		}
		w.open("payments")
		w.join("payments", "mina", domain.RoleMember)
		for principal, want := range map[string][]string{
			"users/mina":                {"teams/payments"},
			"users/noor":                {"teams/payments"},
			"teams/search/tokens/slack": {"teams/payments", "teams/search"},
			"teams/payments/tokens/x":   {"teams/payments"},
		} {
			rows, next, err := store.TeamsOf(t.Context(), w.log, record.Query{Principal: principal})
			var got []string
			for _, row := range rows {
				got = append(got, row.Value.Name)
			}
			if err != nil || next != "" || !slices.Equal(got, want) {
				t.Errorf("%s sees %v, %v; want %v", principal, got, err, want)
			}
		}
	})
}

func TestSetGroupMemberships(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, id := range []string{"payments", "search", "billing", "by-hand", "by-file"} {
			w.team(id)
		}
		w.join("by-hand", "mina", domain.RoleMember)
		w.do(func(tx *eventlog.Tx) error {
			_, err := store.PutMember(tx, "teams/by-file", "users/mina", func(m *domain.Member, now time.Time) ([]domain.Event, error) {
				return m.Provision("people.yaml", domain.RoleViewer, now)
			})
			return err
		})
		set := func(grants ...domain.GroupGrant) (known []domain.GroupGrant, members map[string]string) {
			t.Helper()
			w.do(func(tx *eventlog.Tx) (err error) {
				known, err = store.SetGroupMemberships(t.Context(), tx, "users/mina", grants)
				return err
			})
			list, err := store.Memberships(t.Context(), w.log.DB().Read(), "users/mina")
			if err != nil {
				t.Fatal(err)
			}
			members = map[string]string{}
			for _, m := range list {
				members[domain.ID(domain.Parent(m.Name))] = fmt.Sprint(m.Role, " ", m.Group, m.ProvisionedBy)
			}
			return known, members
		}
		grant := func(team string, role domain.TeamRole) domain.GroupGrant {
			return domain.GroupGrant{Team: domain.TeamName(team), Role: role, Group: "g-" + team}
		}
		own := map[string]string{"by-hand": "MEMBER ", "by-file": "VIEWER people.yaml"}
		with := func(more map[string]string) map[string]string {
			all := maps.Clone(own)
			maps.Copy(all, more)
			return all
		}

		known, got := set(grant("payments", domain.RoleMember), grant("search", domain.RoleCoach), grant("ghost", domain.RoleCoach), grant("by-hand", domain.RoleCoach), grant("by-file", domain.RoleCoach))
		if want := with(map[string]string{"payments": "MEMBER g-payments", "search": "COACH g-search"}); len(known) != 4 || !maps.Equal(got, want) {
			t.Errorf("first: %d known, %v; want %v", len(known), got, want)
		}
		before := len(testkit.Events(t, w.log))
		set(grant("payments", domain.RoleMember), grant("search", domain.RoleCoach))
		if after := len(testkit.Events(t, w.log)); after != before {
			t.Errorf("the same again made %d events", after-before)
		}
		_, got = set(grant("search", domain.RoleViewer), grant("billing", domain.RoleMember))
		if want := with(map[string]string{"search": "VIEWER g-search", "billing": "MEMBER g-billing"}); !maps.Equal(got, want) {
			t.Errorf("then: %v; want %v", got, want)
		}
		if _, got = set(); !maps.Equal(got, own) {
			t.Errorf("at last: %v; want %v", got, own)
		}
	})
}

func TestTokenUses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Clock.Set(time.Date(2026, 6, 8, 9, 0, 30, 0, time.UTC))
		for i, name := range []string{"users/mina/tokens/a", "users/mina/tokens/b", "teams/payments/tokens/a"} {
			w.issue(name, domain.NewSecret(domain.TokenSecret, [32]byte{byte(i)}))
		}
		use := func(token string) {
			t.Helper()
			if err := store.UseToken(t.Context(), w.log, token); err != nil {
				t.Fatal(err)
			}
		}
		uses := func(owner string) map[string]time.Time {
			t.Helper()
			got, err := store.TokenUses(t.Context(), w.log.DB().Read(), owner)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		minute := time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
		use("users/mina/tokens/a")
		w.Clock.Advance(20 * time.Second)
		use("users/mina/tokens/a")
		use("teams/payments/tokens/a")
		if got := uses("users/mina"); len(got) != 1 || !got["users/mina/tokens/a"].Equal(minute) {
			t.Errorf("uses = %v", got)
		}
		if got := uses("teams/payments"); len(got) != 1 {
			t.Errorf("uses of the team's = %v", got)
		}
		w.Clock.Advance(time.Minute)
		use("users/mina/tokens/a")
		if got := uses("users/mina"); !got["users/mina/tokens/a"].Equal(minute.Add(time.Minute)) {
			t.Errorf("a minute later: %v", got)
		}
		w.Clock.Advance(-time.Hour) // a clock that was set back
		use("users/mina/tokens/a")
		if got := uses("users/mina"); !got["users/mina/tokens/a"].Equal(minute.Add(time.Minute)) {
			t.Errorf("the last use went back: %v", got)
		}
	})
}

// issue saves a token with its secret.
func (w *world) issue(name string, secret domain.Secret) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error {
		token, events, err := domain.NewToken(domain.Token{Name: name, DisplayName: "CI"}, true, tx.Now())
		if err != nil {
			return err
		}
		_, err = store.CreateToken(tx, token, secret, events...)
		return err
	})
}

func TestATokenGetsAnotherSecret(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second, other := domain.NewSecret(domain.TokenSecret, [32]byte{1}), domain.NewSecret(domain.TokenSecret, [32]byte{2}), domain.NewSecret(domain.TokenSecret, [32]byte{3})
		w.issue("users/mina/tokens/ci", first)
		w.issue("users/noor/tokens/ci", other)
		w.do(func(tx *eventlog.Tx) error { return store.ReplaceTokenHash(tx, "users/mina/tokens/ci", second.Hash()) })
		for secret, want := range map[domain.Secret]string{first: "", second: "users/mina/tokens/ci", other: "users/noor/tokens/ci"} {
			name, _, err := store.TokenOf(t.Context(), w.log.DB().Read(), secret)
			if err != nil || name != want {
				t.Errorf("token = %q, %v; want %q", name, err, want)
			}
		}
		err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error { return store.ReplaceTokenHash(tx, "users/mina/tokens/ci", other.Hash()) })
		testkit.Refused(t, err, fault.AlreadyExists, "TOKEN_SECRET_TAKEN")
		hash, err := store.TokenHash(t.Context(), w.log.DB().Read(), "users/mina/tokens/ci")
		if err != nil || hash != second.Hash() {
			t.Errorf("a refused change took the secret away: %q, %v", hash, err)
		}
	})
}

// Rows from before this version have no scopes, no calendar and no state in their documents.
func TestRowsOfAnEarlierVersion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.do(func(tx *eventlog.Tx) error {
			for table, row := range map[string][2]string{
				"teams":  {"teams/old", `{"name":"teams/old","displayName":"Old","timeZone":"UTC","cycleDays":14,"capacityPercent":10}`},
				"users":  {"users/old", `{"name":"users/old","displayName":"Old","roles":["ADMIN"]}`},
				"tokens": {"users/old/tokens/a", `{"name":"users/old/tokens/a","displayName":"A","expireTime":"2030-01-01T00:00:00Z"}`},
			} {
				_, err := tx.Exec("insert into "+table+" (name, parent, team, state, sort_key, version, doc, create_time, update_time) values ($1, '', '', '', $1, 1, $2, $3, $3)",
					row[0], row[1], db.Micros(tx.Now()))
				if err != nil {
					return err
				}
			}
			return nil
		})
		team, err := store.Teams.Get(t.Context(), w.log, "teams/old")
		if err != nil || len(team.Value.WorkingDays) != 5 || team.Value.Visibility != domain.VisibleToTeam || team.Value.Deactivated {
			t.Errorf("team = %+v, %v", team.Value, err)
		}
		user, err := store.Users.Get(t.Context(), w.log, "users/old")
		if err != nil || !user.Value.ActiveAdmin() {
			t.Errorf("user = %+v, %v", user.Value, err)
		}
		token, err := store.Tokens.Get(t.Context(), w.log, "users/old/tokens/a")
		if err != nil || !token.Value.Admin() {
			t.Errorf("token = %+v, %v", token.Value, err)
		}
		if open, err := store.OpenTeams(t.Context(), w.log.DB().Read()); err != nil || len(open) != 0 {
			t.Errorf("open teams = %v, %v", open, err)
		}
	})
}
