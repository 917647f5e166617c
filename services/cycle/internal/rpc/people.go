package rpc

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// activeUser refuses a name, which the request gives in field, that is no active user of the organisation. It asks identity as the
// caller and before the transaction. Somebody whom identity does not show to the caller is answered as somebody who does not exist.
func (s *Server) activeUser(ctx context.Context, field, name string) error {
	user, err := s.identity.GetUser(ctx, &identityv1.GetUserRequest{Name: name})
	switch code := status.Code(err); {
	case code == codes.NotFound || code == codes.PermissionDenied:
	case err != nil:
		return err
	case user.GetState() == identityv1.UserState_USER_STATE_ACTIVE:
		return nil
	case user.GetState() == identityv1.UserState_USER_STATE_DEACTIVATED:
		return fault.Invalid(field, "USER_DEACTIVATED", "%q may not sign in any more; name somebody who can act on it", name)
	}
	return fault.Invalid(field, "USER_NOT_FOUND", "%q is no user of the organisation; GET /v1/users lists who is", name)
}

// person is the caller's name when the caller is a person, and empty for a bot or a service.
func person(c caller.Caller) string {
	if c.Anonymous() || c.Service || c.Bot() != "" {
		return ""
	}
	return c.Subject
}

// roleOf asks identity what the user is in the team; empty when the user does not belong to it.
func (s *Server) roleOf(ctx context.Context, team, user string) (domain.TeamRole, error) {
	member, err := s.identity.GetMember(ctx, &identityv1.GetMemberRequest{Name: team + "/members/" + strings.TrimPrefix(user, "users/")})
	if status.Code(err) == codes.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return wire.TeamRole(member.GetRole()), nil
}
