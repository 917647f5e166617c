package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestTokensOfAUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		own := must(w.CreateToken(w.As(member), &identityv1.CreateTokenRequest{
			Parent: "users/noor", TokenId: "ci", Token: &identityv1.Token{DisplayName: "CI", Secret: "chosen by the caller"},
		}))(t)
		if own.GetName() != "users/noor/tokens/ci" || !own.GetExpireTime().AsTime().Equal(w.Clock.Now().Add(90*24*time.Hour)) {
			t.Errorf("token = %v", own)
		}
		if !strings.HasPrefix(own.GetSecret(), "fn_") || len(own.GetSecret()) != 52 {
			t.Errorf("secret has another form: %q", own.GetSecret())
		}
		w.token("users/noor", "by-an-admin")

		list := must(w.ListTokens(w.As(member), &identityv1.ListTokensRequest{Parent: "users/noor"}))(t)
		var got []string
		for _, token := range list.GetTokens() {
			got = append(got, token.GetName())
			if token.GetSecret() != "" {
				t.Errorf("%s shows its secret", token.GetName())
			}
		}
		if !slices.Equal(got, []string{"users/noor/tokens/by-an-admin", "users/noor/tokens/ci"}) {
			t.Errorf("tokens = %v", got)
		}

		revoked := must(w.RevokeToken(w.As(member), &identityv1.RevokeTokenRequest{Name: own.GetName()}))(t)
		w.Clock.Advance(time.Second)
		again := must(w.RevokeToken(w.As(member), &identityv1.RevokeTokenRequest{Name: own.GetName()}))(t)
		if !again.GetRevokeTime().AsTime().Equal(revoked.GetRevokeTime().AsTime()) || revoked.GetRevokeTime() == nil || revoked.GetSecret() != "" {
			t.Errorf("revoked %v, again %v", revoked, again)
		}
		want := []string{"TokenCreated users/noor/tokens/ci", "TokenCreated users/noor/tokens/by-an-admin", "TokenRevoked users/noor/tokens/ci"}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("events = %v", got)
		}
	})
}

func TestBadTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.token("users/noor", "taken")
		in := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(w.Clock.Now().Add(d)) }
		for _, test := range []struct {
			name   string
			as     caller.Caller
			parent string
			id     string
			token  *identityv1.Token
			kind   fault.Kind
			reason string
			fields []string
		}{
			{"by nobody", nobody, "users/noor", "", &identityv1.Token{DisplayName: "x"}, fault.Unauthenticated, "UNAUTHENTICATED", nil},
			{"of somebody else", coach, "users/noor", "", &identityv1.Token{DisplayName: "x"}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
			{"of somebody else, by a manager", boss, "users/noor", "", &identityv1.Token{DisplayName: "x"}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
			{"of a user who is not there", root, "users/ghost", "", &identityv1.Token{DisplayName: "x"}, fault.NotFound, "USER_NOT_FOUND", nil},
			{"of neither user nor team", root, "services/cycle", "", &identityv1.Token{DisplayName: "x"}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
			{"without a name", member, "users/noor", "", &identityv1.Token{}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"token.display_name"}},
			{"that is over", member, "users/noor", "", &identityv1.Token{DisplayName: "x", ExpireTime: in(-time.Hour)}, fault.InvalidArgument, "EXPIRE_TIME_PAST", []string{"token.expire_time"}},
			{"that never ends", member, "users/noor", "", &identityv1.Token{DisplayName: "x", ExpireTime: in(401 * 24 * time.Hour)}, fault.InvalidArgument, "EXPIRE_TIME_TOO_FAR", []string{"token.expire_time"}},
			{"with an id that is taken", member, "users/noor", "taken", &identityv1.Token{DisplayName: "x"}, fault.AlreadyExists, "TOKEN_ALREADY_EXISTS", nil},
			{"with an id that is none", member, "users/noor", "../admin", &identityv1.Token{DisplayName: "x"}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"token_id"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := w.CreateToken(w.As(test.as), &identityv1.CreateTokenRequest{Parent: test.parent, TokenId: test.id, Token: test.token})
				testkit.Refused(t, err, test.kind, test.reason, test.fields...)
			})
		}
		_, err := w.ListTokens(w.As(coach), &identityv1.ListTokensRequest{Parent: "users/noor"})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		_, err = w.ListTokens(w.As(root), &identityv1.ListTokensRequest{Parent: "users/ghost"})
		testkit.Refused(t, err, fault.NotFound, "USER_NOT_FOUND")
		_, err = w.RevokeToken(w.As(coach), &identityv1.RevokeTokenRequest{Name: "users/noor/tokens/taken"})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		_, err = w.RevokeToken(w.As(member), &identityv1.RevokeTokenRequest{Name: "users/noor/tokens/ghost"})
		testkit.Refused(t, err, fault.NotFound, "TOKEN_NOT_FOUND")
	})
}
