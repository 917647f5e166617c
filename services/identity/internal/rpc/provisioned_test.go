package rpc_test

import (
	"testing"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestWhatAFileOwnsIsChangedThereOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const file = "people.yaml"
		must(w.join(root, "users/noor", identityv1.TeamRole_TEAM_ROLE_MEMBER))(t)
		secret := w.token("users/noor", "ci").GetSecret()
		err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
			if _, err := store.Users.Update(tx, "users/noor", "", func(u *domain.User, _ time.Time) ([]domain.Event, error) {
				return u.Provision(file, func(*domain.User) {}, 0)
			}); err != nil {
				return err
			}
			if _, err := store.Teams.Update(tx, "teams/payments", "", func(x *domain.Team, _ time.Time) ([]domain.Event, error) {
				return x.Provision(file, func(*domain.Team) {})
			}); err != nil {
				return err
			}
			if _, err := store.PutMember(tx, "teams/payments", "users/noor", func(m *domain.Member, now time.Time) ([]domain.Event, error) {
				return m.Provision(file, domain.RoleCoach, now)
			}); err != nil {
				return err
			}
			_, err := store.Tokens.Update(tx, "users/noor/tokens/ci", "", func(x *domain.Token, now time.Time) ([]domain.Event, error) {
				return x.Provision(file, func(*domain.Token) {}, false, now)
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for what, act := range map[string]func() error{
			"update the user": func() error {
				_, err := w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{User: &identityv1.User{Name: "users/noor", DisplayName: "x"}})
				return err
			},
			"deactivate the user": func() error {
				_, err := w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/noor"})
				return err
			},
			"update the team": func() error {
				_, err := w.UpdateTeam(w.As(coach), &identityv1.UpdateTeamRequest{Team: &identityv1.Team{Name: "teams/payments", DisplayName: "x"}})
				return err
			},
			"deactivate the team": func() error {
				_, err := w.DeactivateTeam(w.As(root), &identityv1.DeactivateTeamRequest{Name: "teams/payments"})
				return err
			},
			"update the member": func() error {
				_, err := w.UpdateMember(w.As(coach), &identityv1.UpdateMemberRequest{Member: &identityv1.Member{Name: "teams/payments/members/noor", User: "users/noor", Role: identityv1.TeamRole_TEAM_ROLE_VIEWER}})
				return err
			},
			"remove the member": func() error {
				_, err := w.DeleteMember(w.As(root), &identityv1.DeleteMemberRequest{Name: "teams/payments/members/noor"})
				return err
			},
			"revoke the token": func() error {
				_, err := w.RevokeToken(w.As(root), &identityv1.RevokeTokenRequest{Name: "users/noor/tokens/ci"})
				return err
			},
		} {
			t.Run(what, func(t *testing.T) {
				if f := testkit.Refused(t, act(), fault.FailedPrecondition, "PROVISIONED"); f.Metadata["file"] != file {
					t.Errorf("metadata = %v, want the file", f.Metadata)
				}
			})
		}
		noor := must(w.signIn(secret))(t)
		u := must(w.GetUser(noor, &identityv1.GetUserRequest{Name: "users/noor"}))(t)
		team := must(w.GetTeam(noor, &identityv1.GetTeamRequest{Name: "teams/payments"}))(t)
		m := must(w.GetMember(noor, &identityv1.GetMemberRequest{Name: "teams/payments/members/noor"}))(t)
		tokens := must(w.ListTokens(noor, &identityv1.ListTokensRequest{Parent: "users/noor"}))(t).GetTokens()
		if u.GetProvisionedBy() != file || team.GetProvisionedBy() != file || m.GetProvisionedBy() != file || tokens[0].GetProvisionedBy() != file {
			t.Errorf("owned by %q, %q, %q, %q", u.GetProvisionedBy(), team.GetProvisionedBy(), m.GetProvisionedBy(), tokens[0].GetProvisionedBy())
		}
		// To others it is nobody's business where a user is from.
		if u := must(w.GetUser(w.As(viewer), &identityv1.GetUserRequest{Name: "users/noor"}))(t); u.GetProvisionedBy() != "" {
			t.Errorf("a team mate sees %v", u)
		}
		// What no file names can go on beside it.
		must(w.CreateToken(noor, &identityv1.CreateTokenRequest{Parent: "users/noor", Token: &identityv1.Token{DisplayName: "mine"}}))(t)
		must(w.join(root, "users/vera", identityv1.TeamRole_TEAM_ROLE_VIEWER))(t)
	})
}
