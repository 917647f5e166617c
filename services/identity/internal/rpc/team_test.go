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
		bot := caller.Caller{Subject: "teams/search/tokens/slack", Teams: map[string]caller.Role{"search": caller.Member}}
		for name, test := range map[string]struct {
			as   caller.Caller
			want []string
		}{
			"a member":               {member, []string{"teams/payments"}},
			"who is in no team":      {callertest.User("omar", "", ""), nil},
			"a manager":              {boss, []string{"teams/payments", "teams/search"}},
			"an admin":               {root, []string{"teams/payments", "teams/search"}},
			"a bot":                  {bot, []string{"teams/search"}},
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

func TestOpenTeamsAreForEverybody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(w.join(root, "users/noor", identityv1.TeamRole_TEAM_ROLE_MEMBER))(t)
		for _, id := range []string{"a", "a-b", "ab", "z"} {
			must(w.CreateTeam(w.As(root), &identityv1.CreateTeamRequest{TeamId: id, Team: &identityv1.Team{
				DisplayName: id, Visibility: identityv1.TeamVisibility_TEAM_VISIBILITY_ORGANIZATION,
			}}))(t)
		}
		secrets := map[string]string{
			"noor": w.token("users/noor", "ci").GetSecret(), "vera": w.token("users/vera", "ci").GetSecret(), "bot": w.botToken("search", "slack").GetSecret(),
		}
		for who, want := range map[string][]string{
			"noor": {"teams/a", "teams/a-b", "teams/ab", "teams/payments", "teams/z"},
			"vera": {"teams/a", "teams/a-b", "teams/ab", "teams/z"},
			"bot":  {"teams/a", "teams/a-b", "teams/ab", "teams/search", "teams/z"},
		} {
			ctx := must(w.signIn(secrets[who]))(t)
			var got []string
			for req := (&identityv1.ListTeamsRequest{PageSize: 2}); ; {
				page := must(w.ListTeams(ctx, req))(t)
				if page.GetNextPageToken() != "" && len(page.GetTeams()) != 2 {
					t.Errorf("%s gets a page of %d teams", who, len(page.GetTeams()))
				}
				for _, team := range page.GetTeams() {
					got = append(got, team.GetName())
					must(w.GetTeam(ctx, &identityv1.GetTeamRequest{Name: team.GetName()}))(t)
				}
				if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s sees %v, want %v", who, got, want)
			}
		}

		// What is open is read, and no more; and it closes with the next caller token.
		vera := must(w.signIn(secrets["vera"]))(t)
		_, err := w.UpdateTeam(vera, &identityv1.UpdateTeamRequest{Team: &identityv1.Team{Name: "teams/a", DisplayName: "Mine"}})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		must(w.DeactivateTeam(w.As(root), &identityv1.DeactivateTeamRequest{Name: "teams/ab"}))(t)
		must(w.UpdateTeam(w.As(root), &identityv1.UpdateTeamRequest{Team: &identityv1.Team{Name: "teams/a", Visibility: identityv1.TeamVisibility_TEAM_VISIBILITY_TEAM}}))(t)
		if c := w.told(secrets["vera"]); !slices.Equal(c.OpenTeams, []string{"a-b", "ab", "z"}) || c.CanRead("a") || !c.CanRead("ab") || c.InTeam("ab") {
			t.Errorf("vera is %+v", c)
		}
	})
}

func TestATeamsCalendar(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		team := must(w.CreateTeam(w.As(root), &identityv1.CreateTeamRequest{TeamId: "kitchen", Team: &identityv1.Team{DisplayName: "Kitchen"}}))(t)
		if len(team.GetWorkingDays()) != 5 || team.GetCadenceWeekday() != identityv1.Weekday_WEEKDAY_MONDAY ||
			team.GetVisibility() != identityv1.TeamVisibility_TEAM_VISIBILITY_TEAM || team.GetState() != identityv1.TeamState_TEAM_STATE_ACTIVE {
			t.Errorf("defaults: %v", team)
		}
		update := func(team *identityv1.Team, mask ...string) (*identityv1.Team, error) {
			team.Name = "teams/kitchen"
			return w.UpdateTeam(w.As(root), &identityv1.UpdateTeamRequest{Team: team, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
		}
		got := must(update(&identityv1.Team{
			WorkingDays: []identityv1.Weekday{identityv1.Weekday_WEEKDAY_SATURDAY, identityv1.Weekday_WEEKDAY_TUESDAY},
			Holidays:    []*identityv1.Holiday{{Date: "2026-12-25", DisplayName: "Christmas"}, {Date: "2026-05-01"}},
		}))(t)
		if !slices.Equal(got.GetWorkingDays(), []identityv1.Weekday{identityv1.Weekday_WEEKDAY_TUESDAY, identityv1.Weekday_WEEKDAY_SATURDAY}) ||
			len(got.GetHolidays()) != 2 || got.GetHolidays()[0].GetDate() != "2026-05-01" || got.GetHolidays()[1].GetDisplayName() != "Christmas" {
			t.Errorf("calendar: %v", got)
		}
		got = must(update(&identityv1.Team{}, "working_days", "holidays"))(t)
		if len(got.GetWorkingDays()) != 5 || len(got.GetHolidays()) != 0 {
			t.Errorf("emptied: %v", got)
		}
		for reason, test := range map[string]struct {
			holidays []*identityv1.Holiday
			field    string
		}{
			"HOLIDAY_DATE_INVALID": {[]*identityv1.Holiday{{Date: "2026-01-01"}, {Date: "2026-02-30"}}, "team.holidays[1].date"},
			"HOLIDAY_TWICE":        {[]*identityv1.Holiday{{Date: "2026-01-01"}, {Date: "2026-01-01"}}, "team.holidays[1].date"},
			"VALIDATION_FAILED":    {[]*identityv1.Holiday{{Date: "tomorrow"}}, "team.holidays[0].date"},
		} {
			_, err := update(&identityv1.Team{Holidays: test.holidays}, "holidays")
			testkit.Refused(t, err, fault.InvalidArgument, reason, test.field)
		}
	})
}
