package rpc

import (
	"context"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// hintTimeout is how long a note waits for the names that its hint needs.
const hintTimeout = time.Second

// memberNames are the names that the members of a retrospective's team go by, for a hint; nil when identity does not say. The service asks
// for itself: identity's log would otherwise tell who writes a note now.
func (s *Server) memberNames(ctx context.Context, retrospective string) []string {
	if s.asService == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.asService(ctx), hintTimeout)
	defer cancel()
	members, err := s.members.ListMembers(ctx, &identityv1.ListMembersRequest{Parent: teamOf(retrospective), PageSize: 1000})
	if err != nil {
		return nil
	}
	var known []string
	for _, member := range members.GetMembers() {
		user, err := s.members.GetUser(ctx, &identityv1.GetUserRequest{Name: member.GetUser()})
		if err != nil {
			return nil
		}
		known = append(known, user.GetDisplayName(), strings.TrimPrefix(member.GetUser(), "users/"))
	}
	return known
}

// hinted adds the hint to an answer; it is stored nowhere.
func hinted(note *retrospectivev1.Note, members []string) *retrospectivev1.Note {
	if note != nil {
		note.Hint = domain.Hint(note.GetText(), wire.Prompt(note.GetPrompt()), members, norm.NFKD.String)
	}
	return note
}
