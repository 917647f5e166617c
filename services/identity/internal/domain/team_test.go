package domain

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// plain is a team with the defaults, as change makes it.
func plain(change ...func(*Team)) Team {
	t := Team{
		DisplayName: "P", TimeZone: "UTC", CycleDays: 14, CapacityPercent: 10, CadenceWeekday: Monday, Visibility: VisibleToTeam,
		WorkingDays: []Weekday{Monday, Tuesday, Wednesday, Thursday, Friday},
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

func TestNewTeam(t *testing.T) {
	for _, test := range []struct {
		name   string
		given  Team
		want   Team
		reason string
	}{
		{"defaults", Team{DisplayName: " P "}, plain(), ""},
		{
			"all given",
			Team{
				DisplayName: "P", TimeZone: "Asia/Kathmandu", CycleDays: 7, CapacityPercent: 20, Visibility: VisibleToOrganization,
				WorkingDays: []Weekday{Sunday, Monday, Sunday}, CadenceWeekday: Sunday,
				Holidays: []Holiday{{"2026-12-25", " Christmas "}, {"2026-01-01", ""}},
			},
			plain(func(x *Team) {
				x.TimeZone, x.CycleDays, x.CapacityPercent, x.Visibility = "Asia/Kathmandu", 7, 20, VisibleToOrganization
				x.WorkingDays, x.CadenceWeekday = []Weekday{Monday, Sunday}, Sunday
				x.Holidays = []Holiday{{"2026-01-01", ""}, {"2026-12-25", "Christmas"}}
			}),
			"",
		},
		{"a link zone", Team{DisplayName: "P", TimeZone: "Asia/Calcutta"}, plain(func(x *Team) { x.TimeZone = "Asia/Calcutta" }), ""},
		{"a leap day", Team{DisplayName: "P", Holidays: []Holiday{{"2028-02-29", ""}}}, plain(func(x *Team) { x.Holidays = []Holiday{{"2028-02-29", ""}} }), ""},
		{"no leap day", Team{DisplayName: "P", Holidays: []Holiday{{"2026-02-29", ""}}}, Team{}, "HOLIDAY_DATE_INVALID"},
		{"a day twice", Team{DisplayName: "P", Holidays: []Holiday{{"2026-01-01", "a"}, {"2026-01-01", "b"}}}, Team{}, "HOLIDAY_TWICE"},
		{"too many days", Team{DisplayName: "P", Holidays: make([]Holiday, 367)}, Team{}, "HOLIDAYS_TOO_MANY"},
		{"a day that is none", Team{DisplayName: "P", WorkingDays: []Weekday{"CATURDAY"}}, Team{}, "WEEKDAY_UNKNOWN"},
		{"a cadence on a day that is none", Team{DisplayName: "P", CadenceWeekday: "CATURDAY"}, Team{}, "WEEKDAY_UNKNOWN"},
		{"a long name", Team{DisplayName: strings.Repeat("é", 120)}, plain(func(x *Team) { x.DisplayName = strings.Repeat("é", 120) }), ""},
		{"too long a name", Team{DisplayName: strings.Repeat("é", 121)}, Team{}, "DISPLAY_NAME_TOO_LONG"},
		{"no zone of that name", Team{DisplayName: "P", TimeZone: "Europe/Atlantis"}, Team{}, "TIME_ZONE_UNKNOWN"},
		{"the machine's zone", Team{DisplayName: "P", TimeZone: "Local"}, Team{}, "TIME_ZONE_UNKNOWN"},
		{"a path", Team{DisplayName: "P", TimeZone: "../../etc/passwd"}, Team{}, "TIME_ZONE_UNKNOWN"},
		{"an offset", Team{DisplayName: "P", TimeZone: "+02:00"}, Team{}, "TIME_ZONE_UNKNOWN"},
		{"a blank name", Team{DisplayName: " "}, Team{}, "DISPLAY_NAME_EMPTY"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, events, err := NewTeam(test.given)
			if r := reason(t, err); r != test.reason {
				t.Fatalf("reason = %q, want %q", r, test.reason)
			}
			if err != nil {
				return
			}
			happened(t, events, TeamCreated)
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("team = %+v, want %+v", *got, test.want)
			}
		})
	}
}

func TestUpdateTeam(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Team)
		want   Team
		reason string
		events []Event
	}{
		{"another zone", func(x *Team) { x.TimeZone = "Europe/Berlin" }, plain(func(x *Team) { x.TimeZone = "Europe/Berlin" }), "", []Event{TeamUpdated}},
		{"no capacity is kept", func(x *Team) { x.CapacityPercent = 0 }, plain(func(x *Team) { x.CapacityPercent = 0 }), "", []Event{TeamUpdated}},
		{"emptied settings are the default again", func(x *Team) {
			x.TimeZone, x.CycleDays, x.WorkingDays, x.Visibility, x.CadenceWeekday = "", 0, nil, "", ""
		}, plain(), "", nil},
		{"the same days in another order", func(x *Team) { x.WorkingDays = []Weekday{Friday, Tuesday, Wednesday, Thursday, Monday} }, plain(), "", nil},
		{"a zone that is none", func(x *Team) { x.TimeZone = "Mars" }, plain(), "TIME_ZONE_UNKNOWN", nil},
		{"deactivated", func(x *Team) { x.Deactivated = true }, plain(func(x *Team) { x.Deactivated = true }), "", []Event{TeamDeactivated}},
	} {
		t.Run(test.name, func(t *testing.T) {
			team := plain()
			events, err := team.Update(test.change)
			if r := reason(t, err); r != test.reason {
				t.Fatalf("reason = %q, want %q", r, test.reason)
			}
			happened(t, events, test.events...)
			if !reflect.DeepEqual(team, test.want) {
				t.Errorf("team = %+v, want %+v", team, test.want)
			}
		})
	}
}

func TestATeamFromAnEarlierVersionHasTheDefaults(t *testing.T) {
	const old = `{"name":"teams/p","displayName":"P","timeZone":"Europe/Berlin","cycleDays":7,"capacityPercent":0}`
	var got Team
	if err := json.Unmarshal([]byte(old), &got); err != nil {
		t.Fatal(err)
	}
	want := plain(func(x *Team) { x.Name, x.TimeZone, x.CycleDays, x.CapacityPercent = "teams/p", "Europe/Berlin", 7, 0 })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("team = %+v, want %+v", got, want)
	}
	// What is stored now is read back as it was.
	want.Holidays, want.Deactivated, want.ProvisionedBy, want.ExternalID = []Holiday{{"2026-01-01", "New Year"}}, true, "a.yaml", "group:default/p"
	doc, err := json.Marshal(&want)
	if err != nil {
		t.Fatal(err)
	}
	got = Team{}
	if err := json.Unmarshal(doc, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read back: %+v, %v", got, err)
	}
}

func TestDeactivatedTeam(t *testing.T) {
	team := plain()
	for _, test := range []struct {
		act    func() ([]Event, error)
		events []Event
		coach  TeamRole
	}{
		{team.Deactivate, []Event{TeamDeactivated}, RoleViewer},
		{team.Deactivate, nil, RoleViewer},
		{team.Reactivate, []Event{TeamReactivated}, RoleCoach},
		{team.Reactivate, nil, RoleCoach},
	} {
		events, err := test.act()
		if happened(t, events, test.events...); err != nil || team.RoleOf(RoleCoach) != test.coach {
			t.Errorf("%v, a coach is %s", err, team.RoleOf(RoleCoach))
		}
	}
}

func TestProvisionedTeam(t *testing.T) {
	team := plain()
	rename := func(x *Team) { x.DisplayName = "Q" }
	for _, test := range []struct {
		name   string
		act    func() ([]Event, error)
		reason string
		events []Event
	}{
		{"a file takes over", func() ([]Event, error) { return team.Provision("a.yaml", rename) }, "", []Event{TeamUpdated}},
		{"the same again", func() ([]Event, error) { return team.Provision("a.yaml", rename) }, "", nil},
		{"another file", func() ([]Event, error) { return team.Provision("b.yaml", rename) }, "PROVISIONED", nil},
		{"by hand", func() ([]Event, error) { return team.Update(func(x *Team) { x.DisplayName = "R" }) }, "PROVISIONED", nil},
		{"deactivated by hand", team.Deactivate, "PROVISIONED", nil},
		{"released", team.Release, "", []Event{TeamUpdated}},
		{"deactivated after that", team.Deactivate, "", []Event{TeamDeactivated}},
	} {
		events, err := test.act()
		if r := reason(t, err); r != test.reason {
			t.Fatalf("%s: reason %q, want %q", test.name, r, test.reason)
		}
		happened(t, events, test.events...)
	}
}
