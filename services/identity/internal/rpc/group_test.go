package rpc_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/oidc"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

const mapping = `sre=admin, leads=manager, pay=payments:member
pay-coaches=payments:coach
guests=search:viewer, "cn=new,ou=teams"=unborn:coach`

// rights are what a caller may do, in one line.
func rights(me *identityv1.Caller) string {
	text := me.GetUser()
	for _, r := range me.GetOrganizationRoles() {
		text += " " + r.String()[len("ORGANIZATION_ROLE_"):]
	}
	for _, team := range me.GetTeams() {
		text += fmt.Sprintf(" %s:%s", team.GetTeam()[len("teams/"):], team.GetRole().String()[len("TEAM_ROLE_"):])
	}
	return text
}

// Each step is one more sign-in of the same person: what the groups give comes and goes with it.
func TestGroupsAreDecidedAnewEachTime(t *testing.T) {
	browsers(t, func(c *oidc.Config) { c.Groups = mapping }, func(t *testing.T, w *pages) {
		for _, step := range []struct {
			groups any
			want   string
			grants []string
		}{
			{[]string{"staff"}, "users/ada", nil},
			{[]string{"pay"}, "users/ada payments:MEMBER", []string{"pay: member of teams/payments"}},
			{[]string{"pay", "pay-coaches"}, "users/ada payments:COACH", []string{"pay-coaches: coach of teams/payments"}},
			{[]string{"pay"}, "users/ada payments:MEMBER", []string{"pay: member of teams/payments"}},
			{
				[]string{"sre", "leads", "guests", "cn=new,ou=teams"},
				"users/ada ADMIN MANAGER search:VIEWER",
				[]string{"sre: admin", "leads: manager", "guests: viewer of teams/search", "cn=new,ou=teams: coach of teams/unborn (there is no such team)"},
			},
			{"leads", "users/ada MANAGER", []string{"leads: manager", "no group: admin (kept: there is no other admin)"}},
			{nil, "users/ada", nil},
		} {
			who := ada
			who.Groups = step.groups
			want := step.want
			if step.groups == "leads" { // the last admin keeps the role until there is another one
				want = "users/ada ADMIN MANAGER"
			}
			if step.groups == nil {
				must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: "root", User: &identityv1.User{
					DisplayName: "Root", OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN},
				}}))(t)
			}
			me := w.whoIs(must(w.signInAs(who))(t).GetSecret())
			if rights(me) != want {
				t.Errorf("with %v: %s, want %s", step.groups, rights(me), want)
			}
			grants := w.accounts("users/ada")[0].GetGrants()
			slices.Sort(grants)
			slices.Sort(step.grants)
			if !slices.Equal(grants, step.grants) {
				t.Errorf("with %v: grants %q, want %q", step.groups, grants, step.grants)
			}
		}
	})
}

// What was given by hand stays, whatever the groups say.
func TestGroupsLeaveAloneWhatIsNotTheirs(t *testing.T) {
	browsers(t, func(c *oidc.Config) { c.Groups = mapping }, func(t *testing.T, w *pages) {
		must(w.tie("users/mina", "sub-mina"))(t)
		must(w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{User: &identityv1.User{
			Name: "users/mina", OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER},
		}}))(t)
		must(w.CreateMember(w.As(root), &identityv1.CreateMemberRequest{
			Parent: "teams/payments", Member: &identityv1.Member{User: "users/mina", Role: identityv1.TeamRole_TEAM_ROLE_VIEWER},
		}))(t)
		signIn := func(groups ...string) string {
			return rights(w.whoIs(must(w.signInAs(oidctest.Person{Subject: "sub-mina", Groups: groups}))(t).GetSecret()))
		}
		if got := signIn("leads", "pay-coaches", "guests"); got != "users/mina MANAGER payments:VIEWER search:VIEWER" {
			t.Errorf("with groups: %s", got)
		}
		if grants := w.accounts("users/mina")[0].GetGrants(); !slices.Contains(grants, "pay-coaches: coach of teams/payments (not given: the team has the user as a member without it)") {
			t.Errorf("grants = %q", grants)
		}
		if got := signIn(); got != "users/mina MANAGER payments:VIEWER" {
			t.Errorf("without groups: %s", got)
		}
	})
}

func TestWhereGroupsStand(t *testing.T) {
	for name, c := range map[string]struct {
		how   oidctest.Behaviour
		who   oidctest.Person
		claim string
		want  string // "" when the sign-in is refused
	}{
		"in userinfo only":       {oidctest.Behaviour{OnlyInUserInfo: true}, oidctest.Person{Groups: []string{"leads"}}, "", "users/ada MANAGER"},
		"in another claim":       {oidctest.Behaviour{}, oidctest.Person{Claims: map[string]any{"https://example.com/roles": []string{"leads"}}}, "https://example.com/roles", "users/ada MANAGER"},
		"one text":               {oidctest.Behaviour{}, oidctest.Person{Groups: "leads"}, "", "users/ada MANAGER"},
		"a claim that is not it": {oidctest.Behaviour{}, oidctest.Person{Claims: map[string]any{"roles": []string{"leads"}}}, "", "users/ada"},
		"numbers":                {oidctest.Behaviour{}, oidctest.Person{Groups: []int{1}}, "", ""},
		"an object":              {oidctest.Behaviour{}, oidctest.Person{Groups: map[string]bool{"leads": true}}, "", ""},
		"too many to be sent":    {oidctest.Behaviour{}, oidctest.Person{Claims: map[string]any{"_claim_names": map[string]string{"groups": "src1"}}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := openPages(t, db.SQLite, func(cfg *oidc.Config) { cfg.Groups, cfg.GroupsClaim = mapping, c.claim })
			w.provider.Behave(c.how)
			c.who.Subject, c.who.PreferredUsername = "sub-ada", "ada"
			answer, err := w.signInAs(c.who)
			if c.want == "" {
				testkit.Refused(t, err, fault.Unauthenticated, "SIGN_IN_TOKEN_INVALID")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := rights(w.whoIs(answer.GetSecret())); got != c.want {
				t.Errorf("rights = %s, want %s", got, c.want)
			}
		})
	}
}

// What a provisioning file owns is the file's, whatever the groups say; its user still signs in.
func TestGroupsLeaveAloneWhatAFileOwns(t *testing.T) {
	browsers(t, func(c *oidc.Config) { c.Groups = mapping }, func(t *testing.T, w *pages) {
		const file = "people.yaml"
		must(w.tie("users/mina", "sub-mina"))(t)
		err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
			if _, err := store.PutMember(tx, "teams/payments", "users/mina", func(m *domain.Member, now time.Time) ([]domain.Event, error) {
				return m.Provision(file, domain.RoleViewer, now)
			}); err != nil {
				return err
			}
			_, err := store.Users.Update(tx, "users/mina", "", func(u *domain.User, _ time.Time) ([]domain.Event, error) {
				return u.Provision(file, func(u *domain.User) { u.DisplayName = "Mina" }, 1)
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		answer := must(w.signInAs(oidctest.Person{Subject: "sub-mina", Groups: []string{"sre", "pay-coaches", "guests"}}))(t)
		if got := rights(w.whoIs(answer.GetSecret())); got != "users/mina payments:VIEWER search:VIEWER" {
			t.Errorf("rights = %s", got)
		}
		if grants := w.accounts("users/mina")[0].GetGrants(); !slices.Contains(grants, "sre: admin (not given: the provisioning file people.yaml keeps the user)") {
			t.Errorf("grants = %q", grants)
		}
	})
}
