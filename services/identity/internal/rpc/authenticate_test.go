package rpc_test

import (
	"context"
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/rpc"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestAUserSignsIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(w.join(root, "users/noor", identityv1.TeamRole_TEAM_ROLE_COACH))(t)
		must(w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{
			User: &identityv1.User{
				Name: "users/noor", DisplayName: "noor",
				OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER},
			},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"organization_roles"}},
		}))(t)
		noor, err := w.signIn(w.token("users/noor", "ci").GetSecret())
		if err != nil {
			t.Fatal(err)
		}
		me := must(w.GetCaller(noor, &identityv1.GetCallerRequest{}))(t)
		if me.GetUser() != "users/noor" || !slices.Equal(me.GetOrganizationRoles(), []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER}) {
			t.Errorf("caller = %v", me)
		}
		if teams := me.GetTeams(); len(teams) != 1 || teams[0].GetTeam() != "teams/payments" || teams[0].GetRole() != identityv1.TeamRole_TEAM_ROLE_COACH {
			t.Errorf("teams = %v", teams)
		}
		// A coach by what is stored, not by what the request says.
		must(w.join(root, "users/mina", identityv1.TeamRole_TEAM_ROLE_VIEWER))(t)
		must(w.DeleteMember(noor, &identityv1.DeleteMemberRequest{Name: "teams/payments/members/mina"}))(t)
	})
}

func TestUselessTokensGetOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		revoked := w.token("users/noor", "revoked")
		must(w.RevokeToken(w.As(root), &identityv1.RevokeTokenRequest{Name: revoked.GetName()}))(t)
		expired := must(w.CreateToken(w.As(root), &identityv1.CreateTokenRequest{
			Parent: "users/noor", Token: &identityv1.Token{DisplayName: "short", ExpireTime: timestamppb.New(w.Clock.Now().Add(time.Hour))},
		}))(t)
		if _, err := w.signIn(expired.GetSecret()); err != nil {
			t.Fatalf("before its end: %v", err)
		}
		w.Clock.Advance(time.Hour)
		must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: "gone", User: &identityv1.User{DisplayName: "gone"}}))(t)
		gone := w.token("users/gone", "ci").GetSecret()
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/gone"}))(t)
		bot := w.botToken("search", "slack").GetSecret()
		must(w.DeactivateTeam(w.As(root), &identityv1.DeactivateTeamRequest{Name: "teams/search"}))(t)
		good := w.token("users/noor", "good").GetSecret()
		must(w.signIn(good))(t)
		messages := map[string]bool{}
		for name, secret := range map[string]string{
			"revoked": revoked.GetSecret(), "expired": expired.GetSecret(), "of a deactivated user": gone, "of a deactivated team": bot,
			"for another door": w.scoped("users/noor", "mcp", "mcp"), "mistyped": good[:len(good)-1] + "!", "unknown": "a-secret-of-nobody",
			"malformed": "fn_unknown", "an injection": "' or 1=1 --", "its hash": domain.SentSecret(good).Hash(),
			"of the right form": domain.NewSecret(domain.TokenSecret, [32]byte{1}).Reveal(),
		} {
			_, err := w.signIn(secret)
			f := testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
			if messages[f.Message] = true; len(messages) != 1 || len(f.Metadata) != 0 {
				t.Errorf("a token that is %s is told from others: %v, %v", name, messages, f.Metadata)
			}
		}
	})
}

func TestASignInDoesNotDependOnItsNote(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret := w.token("users/noor", "ci").GetSecret()
		if err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := tx.Exec("drop table token_uses")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		must(w.signIn(secret))(t)
	})
}

func TestARemovedMemberIsOutWithinAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(w.join(root, "users/noor", identityv1.TeamRole_TEAM_ROLE_MEMBER))(t)
		secret := w.token("users/noor", "ci").GetSecret()
		before := must(w.signIn(secret))(t)
		must(w.GetTeam(before, &identityv1.GetTeamRequest{Name: "teams/payments"}))(t)
		must(w.DeleteMember(w.As(root), &identityv1.DeleteMemberRequest{Name: "teams/payments/members/noor"}))(t)

		after := must(w.signIn(secret))(t)
		_, err := w.GetTeam(after, &identityv1.GetTeamRequest{Name: "teams/payments"})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		if teams := must(w.ListTeams(before, &identityv1.ListTeamsRequest{}))(t).GetTeams(); len(teams) != 0 {
			t.Errorf("the list goes by the caller token, not by the tables: %v", teams)
		}
		w.Clock.Advance(caller.Lifetime)
		_, err = w.GetTeam(before, &identityv1.GetTeamRequest{Name: "teams/payments"})
		testkit.Refused(t, err, fault.Unauthenticated, caller.ReasonExpired)
	})
}

// published is how another process fetches the keys.
func published(w *world) func(context.Context) (map[string]ed25519.PublicKey, error) {
	return func(ctx context.Context) (map[string]ed25519.PublicKey, error) {
		answer, err := w.ListSigningKeys(ctx, &identityv1.ListSigningKeysRequest{})
		keys := map[string]ed25519.PublicKey{}
		for _, k := range answer.GetSigningKeys() {
			keys[k.GetKeyId()] = k.GetPublicKey()
		}
		return keys, err
	}
}

func TestAServiceSignsIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask := func(service, key string) (*identityv1.AuthenticateResponse, error) {
			return w.Authenticate(w.As(nobody), &identityv1.AuthenticateRequest{
				Credential: &identityv1.AuthenticateRequest_Service{Service: &identityv1.ServiceCredential{Service: service, Key: key}},
			})
		}
		answer := must(ask("cycle", serviceKey))(t)
		if !answer.GetExpireTime().AsTime().Equal(w.Clock.Now().Add(caller.Lifetime)) {
			t.Errorf("ends at %v", answer.GetExpireTime().AsTime())
		}

		// The answer can be verified with what ListSigningKeys publishes, as another process does.
		keys := must(w.ListSigningKeys(w.As(nobody), &identityv1.ListSigningKeysRequest{}))(t).GetSigningKeys()
		if len(keys) != 1 || len(keys[0].GetPublicKey()) != ed25519.PublicKeySize {
			t.Fatalf("keys = %v", keys)
		}
		set := &caller.KeySet{Clock: w.Clock.Now, Fetch: published(w)}
		verifier := &caller.Verifier{Clock: w.Clock.Now, Keys: set.Key}
		c, err := verifier.Verify(t.Context(), answer.GetCallerToken())
		if err != nil || c.Subject != "services/cycle" || !c.Service || c.Admin || c.Manager || len(c.Teams) != 0 {
			t.Errorf("caller = %+v, %v", c, err)
		}

		for _, key := range []string{"wrong", serviceKey + "x", serviceKey[1:]} {
			_, err := ask("cycle", key)
			testkit.Refused(t, err, fault.Unauthenticated, "SERVICE_KEY_INVALID")
			_, err = ask("unheard-of", key)
			testkit.Refused(t, err, fault.Unauthenticated, "SERVICE_KEY_INVALID")
		}
		_, err = ask("unheard-of", serviceKey)
		testkit.Refused(t, err, fault.InvalidArgument, "SERVICE_UNKNOWN", "service.service")
		_, err = ask("", "")
		testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "service.key", "service.service")
	})
}

func TestWithoutAServiceKeyNoServiceSignsIn(t *testing.T) {
	k := testkit.New(t)
	log := k.Log(db.SQLite, "identity", migrations.FS)
	// Past the interceptors, which refuse an empty key before.
	_, err := rpc.New(log, keyring.New(log), "").Authenticate(t.Context(), &identityv1.AuthenticateRequest{
		Credential: &identityv1.AuthenticateRequest_Service{Service: &identityv1.ServiceCredential{Service: "cycle"}},
	})
	testkit.Refused(t, err, fault.Unauthenticated, "SERVICE_KEY_INVALID")
}

func TestNothingIsNoCredential(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.Authenticate(w.As(nobody), &identityv1.AuthenticateRequest{})
		testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "credential")
		_, err = w.signIn("")
		testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "token")
		_, err = w.GetCaller(w.As(nobody), &identityv1.GetCallerRequest{})
		testkit.Refused(t, err, fault.Unauthenticated, "UNAUTHENTICATED")
	})
}
