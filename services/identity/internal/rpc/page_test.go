package rpc_test

import (
	"context"
	"fmt"
	"testing"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// A page token is no key: it continues one list of one caller, and the caller is asked again.
func TestPageTokensAreForOneListOfOneCaller(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, user := range []string{"users/mina", "users/noor", "users/vera"} {
			must(w.join(root, user, identityv1.TeamRole_TEAM_ROLE_MEMBER))(t)
		}
		must(w.CreateMember(w.As(root), &identityv1.CreateMemberRequest{
			Parent: "teams/search", Member: &identityv1.Member{User: "users/noor", Role: identityv1.TeamRole_TEAM_ROLE_MEMBER},
		}))(t)
		for i := range 2 {
			w.token("users/noor", fmt.Sprint("a", i))
			w.token("users/mina", fmt.Sprint("a", i))
			w.botToken("payments", fmt.Sprint("a", i))
		}
		lists := map[string]func(ctx context.Context, token string) (next string, err error){
			"users": func(ctx context.Context, token string) (string, error) {
				page, err := w.ListUsers(ctx, &identityv1.ListUsersRequest{PageSize: 1, PageToken: token})
				return page.GetNextPageToken(), err
			},
			"teams": func(ctx context.Context, token string) (string, error) {
				page, err := w.ListTeams(ctx, &identityv1.ListTeamsRequest{PageSize: 1, PageToken: token})
				return page.GetNextPageToken(), err
			},
			"members": func(ctx context.Context, token string) (string, error) {
				page, err := w.ListMembers(ctx, &identityv1.ListMembersRequest{Parent: "teams/payments", PageSize: 1, PageToken: token})
				return page.GetNextPageToken(), err
			},
			"a user's tokens": func(ctx context.Context, token string) (string, error) {
				page, err := w.ListTokens(ctx, &identityv1.ListTokensRequest{Parent: "users/noor", PageSize: 1, PageToken: token})
				return page.GetNextPageToken(), err
			},
			"another user's tokens": func(ctx context.Context, token string) (string, error) {
				page, err := w.ListTokens(ctx, &identityv1.ListTokensRequest{Parent: "users/mina", PageSize: 1, PageToken: token})
				return page.GetNextPageToken(), err
			},
			"a team's tokens": func(ctx context.Context, token string) (string, error) {
				page, err := w.ListTokens(ctx, &identityv1.ListTokensRequest{Parent: "teams/payments", PageSize: 1, PageToken: token})
				return page.GetNextPageToken(), err
			},
		}
		second := caller.Caller{Subject: "users/second", Admin: true}
		for name, list := range lists {
			next := must(list(w.As(root), ""))(t)
			if next == "" {
				t.Fatalf("%s: there is no second page to ask for", name)
			}
			must(list(w.As(root), next))(t)
			_, err := list(w.As(second), next)
			testkit.Refused(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
			for other, elsewhere := range lists {
				if other != name {
					_, err := elsewhere(w.As(root), next)
					testkit.Refused(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
				}
			}
			_, err = list(w.As(nobody), next)
			testkit.Refused(t, err, fault.Unauthenticated, "UNAUTHENTICATED")
		}
		// Who may see the list no more gets no further page either.
		next := must(lists["members"](w.As(member), ""))(t)
		_, err := lists["members"](w.As(caller.Caller{Subject: member.Subject}), next)
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	})
}
