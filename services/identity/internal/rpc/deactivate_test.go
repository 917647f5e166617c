package rpc_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestADeactivatedUserIsRefusedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret := w.token("users/noor", "ci").GetSecret()
		must(w.signIn(secret))(t)
		before := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/noor"}))(t)
		off := &identityv1.DeactivateUserRequest{Name: "users/noor", Etag: before.GetEtag(), RequestId: "once"}
		u := must(w.DeactivateUser(w.As(root), off))(t)
		if u.GetState() != identityv1.UserState_USER_STATE_DEACTIVATED || u.GetEtag() == before.GetEtag() {
			t.Errorf("user = %v", u)
		}
		_, err := w.signIn(secret)
		refused := testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID").Message
		_, err = w.signIn("fn_unknown")
		if unknown := testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID").Message; refused != unknown {
			t.Errorf("%q tells a deactivated user from an unknown token: %q", refused, unknown)
		}
		_, err = w.CreateToken(w.As(root), &identityv1.CreateTokenRequest{Parent: "users/noor", Token: &identityv1.Token{DisplayName: "x"}})
		testkit.Refused(t, err, fault.FailedPrecondition, "USER_DEACTIVATED", "parent")

		// The same request again, and another one to the same end, change nothing; with the etag from before it is refused.
		must(w.DeactivateUser(w.As(root), off))(t)
		if again := must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/noor"}))(t); again.GetEtag() != u.GetEtag() {
			t.Errorf("again: %v", again)
		}
		_, err = w.ReactivateUser(w.As(root), &identityv1.ReactivateUserRequest{Name: "users/noor", Etag: before.GetEtag()})
		testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
		back := must(w.ReactivateUser(w.As(root), &identityv1.ReactivateUserRequest{Name: "users/noor", Etag: u.GetEtag()}))(t)
		if back.GetState() != identityv1.UserState_USER_STATE_ACTIVE {
			t.Errorf("reactivated: %v", back)
		}
		must(w.signIn(secret))(t)
		want := []string{
			"TokenCreated users/noor/tokens/ci", "UserDeactivated users/noor", "UserReactivated users/noor",
		}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("events = %v", got)
		}
	})
}

func TestWhoMayDeactivate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, as := range []caller.Caller{member, boss, coach, viewer, other} {
			_, err := w.DeactivateUser(w.As(as), &identityv1.DeactivateUserRequest{Name: "users/noor"})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
			_, err = w.ReactivateUser(w.As(as), &identityv1.ReactivateUserRequest{Name: "users/noor"})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
			_, err = w.DeactivateTeam(w.As(as), &identityv1.DeactivateTeamRequest{Name: "teams/payments"})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
			_, err = w.ReactivateTeam(w.As(as), &identityv1.ReactivateTeamRequest{Name: "teams/payments"})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		}
		_, err := w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/ghost"})
		testkit.Refused(t, err, fault.NotFound, "USER_NOT_FOUND")
		_, err = w.DeactivateTeam(w.As(root), &identityv1.DeactivateTeamRequest{Name: "teams/ghost"})
		testkit.Refused(t, err, fault.NotFound, "TEAM_NOT_FOUND")
	})
}

func TestTheLastActiveAdminStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		promote := func(user string) {
			t.Helper()
			must(w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{
				User:       &identityv1.User{Name: user, OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN}},
				UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"organization_roles"}},
			}))(t)
		}
		promote("users/mina")
		_, err := w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/mina"})
		testkit.Refused(t, err, fault.FailedPrecondition, "LAST_ADMIN", "name")
		promote("users/noor")
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/noor"}))(t)
		// A deactivated admin does not count.
		_, err = w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/mina"})
		testkit.Refused(t, err, fault.FailedPrecondition, "LAST_ADMIN", "name")
		_, err = w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{
			User: &identityv1.User{Name: "users/mina"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"organization_roles"}},
		})
		testkit.Refused(t, err, fault.FailedPrecondition, "LAST_ADMIN", "user.organization_roles")
		must(w.ReactivateUser(w.As(root), &identityv1.ReactivateUserRequest{Name: "users/noor"}))(t)
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/mina"}))(t)
	})
}

func TestADeactivatedTeamIsOnlyRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(w.join(root, "users/mina", identityv1.TeamRole_TEAM_ROLE_COACH))(t)
		person := w.token("users/mina", "ci").GetSecret()
		bot := w.botToken("payments", "slack").GetSecret()
		must(w.signIn(bot))(t)
		team := must(w.DeactivateTeam(w.As(root), &identityv1.DeactivateTeamRequest{Name: "teams/payments"}))(t)
		if team.GetState() != identityv1.TeamState_TEAM_STATE_DEACTIVATED {
			t.Errorf("team = %v", team)
		}

		_, err := w.signIn(bot)
		testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
		_, err = w.CreateToken(w.As(root), &identityv1.CreateTokenRequest{Parent: "teams/payments", Token: &identityv1.Token{DisplayName: "x"}})
		testkit.Refused(t, err, fault.FailedPrecondition, "TEAM_DEACTIVATED", "parent")

		mina := must(w.signIn(person))(t)
		me := must(w.GetCaller(mina, &identityv1.GetCallerRequest{}))(t)
		if len(me.GetTeams()) != 1 || me.GetTeams()[0].GetRole() != identityv1.TeamRole_TEAM_ROLE_VIEWER {
			t.Errorf("teams = %v", me.GetTeams())
		}
		must(w.GetTeam(mina, &identityv1.GetTeamRequest{Name: "teams/payments"}))(t)
		must(w.ListMembers(mina, &identityv1.ListMembersRequest{Parent: "teams/payments"}))(t)
		_, err = w.UpdateTeam(mina, &identityv1.UpdateTeamRequest{Team: &identityv1.Team{Name: "teams/payments", DisplayName: "Mine"}})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")

		must(w.ReactivateTeam(w.As(root), &identityv1.ReactivateTeamRequest{Name: "teams/payments", Etag: team.GetEtag()}))(t)
		must(w.signIn(bot))(t)
		must(w.UpdateTeam(must(w.signIn(person))(t), &identityv1.UpdateTeamRequest{Team: &identityv1.Team{Name: "teams/payments", DisplayName: "Mine"}}))(t)
		if got := w.events()[3:]; !slices.Equal(got, []string{"TeamDeactivated teams/payments", "TeamReactivated teams/payments", "TeamUpdated teams/payments"}) {
			t.Errorf("events = %v", got)
		}
	})
}
