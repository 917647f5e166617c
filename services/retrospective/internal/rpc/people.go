package rpc

import (
	"context"
	"slices"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// askedPageSize is how many rows of another service are asked for at once.
const askedPageSize = 1000

// people asks identity for the members and coaches of a team, as users/{user}, in the order of their ids. Viewers take no part.
func (s *Server) people(ctx context.Context, team string) ([]string, error) {
	var people []string
	for page := ""; ; {
		answer, err := s.members.ListMembers(ctx, &identityv1.ListMembersRequest{Parent: team, PageSize: askedPageSize, PageToken: page})
		if err != nil {
			return nil, err
		}
		for _, member := range answer.GetMembers() {
			if role := member.GetRole(); role == identityv1.TeamRole_TEAM_ROLE_MEMBER || role == identityv1.TeamRole_TEAM_ROLE_COACH {
				people = append(people, member.GetUser())
			}
		}
		if page = answer.GetNextPageToken(); page == "" {
			slices.Sort(people)
			return people, nil
		}
	}
}

// zone asks identity for the zone of a team: its days are days there.
func (s *Server) zone(ctx context.Context, team string) (*time.Location, error) {
	answer, err := s.members.GetTeam(ctx, &identityv1.GetTeamRequest{Name: team})
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(answer.GetTimeZone())
	if err != nil {
		return nil, fault.New(fault.Internal, "TIME_ZONE_UNKNOWN", "this program does not know the team's zone").Because(err)
	}
	return zone, nil
}
