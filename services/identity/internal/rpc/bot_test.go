package rpc_test

import (
	"slices"
	"testing"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// botToken makes a token for a team's bot and returns it with its secret.
func (w *world) botToken(team, id string) *identityv1.Token {
	w.Helper()
	return must(w.CreateToken(w.As(root), &identityv1.CreateTokenRequest{
		Parent: "teams/" + team, TokenId: id, Token: &identityv1.Token{DisplayName: "for a bot"},
	}))(w.T)
}

func TestTokensOfATeam(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, as := range []caller.Caller{member, viewer, boss, other} {
			_, err := w.CreateToken(w.As(as), &identityv1.CreateTokenRequest{Parent: "teams/payments", Token: &identityv1.Token{DisplayName: "x"}})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
			_, err = w.ListTokens(w.As(as), &identityv1.ListTokensRequest{Parent: "teams/payments"})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
			_, err = w.RevokeToken(w.As(as), &identityv1.RevokeTokenRequest{Name: "teams/payments/tokens/slack"})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		}
		token := must(w.CreateToken(w.As(coach), &identityv1.CreateTokenRequest{
			Parent: "teams/payments", TokenId: "slack", Token: &identityv1.Token{DisplayName: "Slack"},
		}))(t)
		if token.GetName() != "teams/payments/tokens/slack" || !slices.Equal(token.GetScopes(), []string{"bot:payments"}) || token.GetSecret() == "" {
			t.Errorf("token = %v", token)
		}
		list := must(w.ListTokens(w.As(coach), &identityv1.ListTokensRequest{Parent: "teams/payments"}))(t).GetTokens()
		if len(list) != 1 || list[0].GetName() != token.GetName() || list[0].GetSecret() != "" {
			t.Errorf("tokens = %v", list)
		}
		must(w.signIn(token.GetSecret()))(t)
		must(w.RevokeToken(w.As(coach), &identityv1.RevokeTokenRequest{Name: token.GetName()}))(t)
		_, err := w.signIn(token.GetSecret())
		testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
		_, err = w.CreateToken(w.As(root), &identityv1.CreateTokenRequest{Parent: "teams/ghost", Token: &identityv1.Token{DisplayName: "x"}})
		testkit.Refused(t, err, fault.NotFound, "TEAM_NOT_FOUND")
		_, err = w.ListTokens(w.As(root), &identityv1.ListTokensRequest{Parent: "teams/ghost"})
		testkit.Refused(t, err, fault.NotFound, "TEAM_NOT_FOUND")
		for _, r := range testkit.Records(t, w.log)[6:] {
			if r.Team != "payments" {
				t.Errorf("%s of a team's token belongs to team %q", r.Type, r.Team)
			}
		}
	})
}

func TestABotIsAMemberOfItsTeamAndNoMore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{User: &identityv1.User{
			Name: "users/mina", OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER},
		}}))(t)
		token := w.botToken("payments", "slack")
		c := w.told(token.GetSecret())
		if c.Subject != token.GetName() || c.Admin || c.Manager || c.Service || c.ReadOnly || len(c.Teams) != 1 || c.Teams["payments"] != caller.Member {
			t.Errorf("every service is told %+v", c)
		}
		bot := must(w.signIn(token.GetSecret()))(t)
		me := must(w.GetCaller(bot, &identityv1.GetCallerRequest{}))(t)
		if me.GetUser() != "" || me.GetBotTeam() != "teams/payments" || len(me.GetTeams()) != 1 || me.GetReadOnly() {
			t.Errorf("caller = %v", me)
		}
		if teams := must(w.ListTeams(bot, &identityv1.ListTeamsRequest{}))(t).GetTeams(); len(teams) != 1 || teams[0].GetName() != "teams/payments" {
			t.Errorf("teams = %v", teams)
		}
		must(w.ListMembers(bot, &identityv1.ListMembersRequest{Parent: "teams/payments"}))(t)
		// Names it sees, and nothing else about people.
		for _, u := range must(w.ListUsers(bot, &identityv1.ListUsersRequest{}))(t).GetUsers() {
			if u.GetDisplayName() == "" || u.GetEmail() != "" || len(u.GetOrganizationRoles()) != 0 || u.GetExternalId() != "" {
				t.Errorf("a bot sees %v", u)
			}
		}
		for what, act := range map[string]func() error{
			"read another team": func() error { _, err := w.GetTeam(bot, &identityv1.GetTeamRequest{Name: "teams/search"}); return err },
			"list another's people": func() error {
				_, err := w.ListMembers(bot, &identityv1.ListMembersRequest{Parent: "teams/search"})
				return err
			},
			"change its team": func() error {
				_, err := w.UpdateTeam(bot, &identityv1.UpdateTeamRequest{Team: &identityv1.Team{Name: "teams/payments", DisplayName: "x"}})
				return err
			},
			"add a member": func() error {
				_, err := w.CreateMember(bot, &identityv1.CreateMemberRequest{Parent: "teams/payments", Member: &identityv1.Member{User: "users/omar", Role: identityv1.TeamRole_TEAM_ROLE_MEMBER}})
				return err
			},
			"make itself a token": func() error {
				_, err := w.CreateToken(bot, &identityv1.CreateTokenRequest{Parent: "teams/payments", Token: &identityv1.Token{DisplayName: "x"}})
				return err
			},
			"see its tokens": func() error {
				_, err := w.ListTokens(bot, &identityv1.ListTokensRequest{Parent: "teams/payments"})
				return err
			},
			"see a user's": func() error {
				_, err := w.ListTokens(bot, &identityv1.ListTokensRequest{Parent: "users/mina"})
				return err
			},
			"revoke its token": func() error {
				_, err := w.RevokeToken(bot, &identityv1.RevokeTokenRequest{Name: token.GetName()})
				return err
			},
			"see the audit log": func() error { _, err := w.ListAuditEvents(bot, &identityv1.ListAuditEventsRequest{}); return err },
		} {
			t.Run(what, func(t *testing.T) { testkit.Refused(t, act(), fault.PermissionDenied, "PERMISSION_DENIED") })
		}
	})
}
