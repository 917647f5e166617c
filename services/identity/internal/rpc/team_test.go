package rpc_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestCreateTeam(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		team := must(w.CreateTeam(w.As(root), &identityv1.CreateTeamRequest{TeamId: "kitchen", Team: &identityv1.Team{DisplayName: "Kitchen"}}))(t)
		if team.GetName() != "teams/kitchen" || team.GetTimeZone() != "UTC" || team.GetCycleDays() != 14 || team.GetImprovementCapacityPercent() != 10 {
			t.Errorf("defaults: %v", team)
		}
		got := must(w.GetTeam(w.As(boss), &identityv1.GetTeamRequest{Name: "teams/kitchen"}))(t)
		if got.GetEtag() != team.GetEtag() || got.GetDisplayName() != "Kitchen" {
			t.Errorf("read again: %v", got)
		}
		for _, test := range []struct {
			as     caller.Caller
			team   *identityv1.Team
			kind   fault.Kind
			reason string
			fields []string
		}{
			{coach, &identityv1.Team{DisplayName: "Mine"}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
			{root, &identityv1.Team{DisplayName: "Kitchen", TimeZone: "Kitchen/Sink"}, fault.InvalidArgument, "TIME_ZONE_UNKNOWN", []string{"team.time_zone"}},
			{root, &identityv1.Team{CycleDays: 29, ImprovementCapacityPercent: 101}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"team.cycle_days", "team.improvement_capacity_percent"}},
			{root, &identityv1.Team{TimeZone: "UTC"}, fault.InvalidArgument, "DISPLAY_NAME_EMPTY", []string{"team.display_name"}},
		} {
			_, err := w.CreateTeam(w.As(test.as), &identityv1.CreateTeamRequest{Team: test.team})
			testkit.Refused(t, err, test.kind, test.reason, test.fields...)
		}
		_, err := w.CreateTeam(w.As(root), &identityv1.CreateTeamRequest{TeamId: "kitchen", Team: &identityv1.Team{DisplayName: "Again"}})
		testkit.Refused(t, err, fault.AlreadyExists, "TEAM_ALREADY_EXISTS")
		if got := w.events(); !slices.Equal(got, []string{"TeamCreated teams/kitchen"}) {
			t.Errorf("events = %v", got)
		}
	})
}

func TestListTeamsShowsWhatTheCallerMayRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, user := range []string{"users/mina", "users/noor"} {
			must(w.CreateMember(w.As(root), &identityv1.CreateMemberRequest{
				Parent: "teams/payments", Member: &identityv1.Member{User: user, Role: identityv1.TeamRole_TEAM_ROLE_MEMBER},
			}))(t)
		}
		for name, test := range map[string]struct {
			as   caller.Caller
			want []string
		}{
			"a member":               {member, []string{"teams/payments"}},
			"who is in no team":      {callertest.User("omar", "", ""), nil},
			"a manager":              {boss, []string{"teams/payments", "teams/search"}},
			"an admin":               {root, []string{"teams/payments", "teams/search"}},
			"a service":              {callertest.Service("report"), []string{"teams/payments", "teams/search"}},
			"who was removed lately": {callertest.User("omar", "payments", caller.Member), nil},
		} {
			var got []string
			req := &identityv1.ListTeamsRequest{PageSize: 1}
			for {
				page := must(w.ListTeams(w.As(test.as), req))(t)
				for _, team := range page.GetTeams() {
					got = append(got, team.GetName())
				}
				if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s sees %v, want %v", name, got, test.want)
			}
		}
	})
}

func TestUpdateTeam(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		update := func(as caller.Caller, team *identityv1.Team, mask ...string) (*identityv1.Team, error) {
			team.Name = "teams/payments"
			return w.UpdateTeam(w.As(as), &identityv1.UpdateTeamRequest{Team: team, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
		}
		sent := func() *identityv1.Team {
			return &identityv1.Team{DisplayName: "Pay", TimeZone: "Europe/Berlin", CycleDays: 7, ImprovementCapacityPercent: 20, Etag: "x"}
		}
		team := must(update(coach, sent(), "time_zone", "cycle_days"))(t)
		if team.GetDisplayName() != "payments" || team.GetTimeZone() != "Europe/Berlin" || team.GetCycleDays() != 7 || team.GetImprovementCapacityPercent() != 10 {
			t.Errorf("two fields: %v", team)
		}
		team = must(update(coach, sent(), "*"))(t)
		if team.GetDisplayName() != "Pay" || team.GetImprovementCapacityPercent() != 20 {
			t.Errorf("all fields: %v", team)
		}
		team = must(update(root, &identityv1.Team{DisplayName: "Pay"}, "improvement_capacity_percent"))(t)
		if team.GetImprovementCapacityPercent() != 0 {
			t.Errorf("no capacity: %v", team)
		}
		for _, as := range []caller.Caller{member, viewer, boss, other} {
			_, err := update(as, sent(), "*")
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		}
		_, err := update(coach, &identityv1.Team{DisplayName: "Pay", TimeZone: "Nowhere"}, "time_zone")
		testkit.Refused(t, err, fault.InvalidArgument, "TIME_ZONE_UNKNOWN", "team.time_zone")
		_, err = update(coach, sent(), "update_time")
		testkit.Refused(t, err, fault.InvalidArgument, "NOTHING_TO_CHANGE", "update_mask")
		want := []string{"TeamUpdated teams/payments", "TeamUpdated teams/payments", "TeamUpdated teams/payments"}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("events = %v", got)
		}
	})
}

func TestTeamsOfOthersAreNotShown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// A team that is not there and one that is look the same from outside.
		for _, name := range []string{"teams/payments", "teams/ghost"} {
			_, err := w.GetTeam(w.As(other), &identityv1.GetTeamRequest{Name: name})
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		}
		_, err := w.GetTeam(w.As(root), &identityv1.GetTeamRequest{Name: "teams/ghost"})
		testkit.Refused(t, err, fault.NotFound, "TEAM_NOT_FOUND")
	})
}
