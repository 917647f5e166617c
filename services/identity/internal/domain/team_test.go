package domain

import "testing"

func TestNewTeam(t *testing.T) {
	for _, test := range []struct {
		name   string
		given  Team
		want   Team
		reason string
	}{
		{"defaults", Team{DisplayName: " Payments "}, Team{DisplayName: "Payments", TimeZone: "UTC", CycleDays: 14, CapacityPercent: 10}, ""},
		{
			"all given",
			Team{DisplayName: "Payments", TimeZone: "Asia/Kathmandu", CycleDays: 7, CapacityPercent: 20},
			Team{DisplayName: "Payments", TimeZone: "Asia/Kathmandu", CycleDays: 7, CapacityPercent: 20},
			"",
		},
		{"a link zone", Team{DisplayName: "P", TimeZone: "Asia/Calcutta"}, Team{DisplayName: "P", TimeZone: "Asia/Calcutta", CycleDays: 14, CapacityPercent: 10}, ""},
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
			if *got != test.want {
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
		{"another zone", func(x *Team) { x.TimeZone = "Europe/Berlin" }, Team{DisplayName: "P", TimeZone: "Europe/Berlin", CycleDays: 14, CapacityPercent: 10}, "", []Event{TeamUpdated}},
		{"no capacity is kept", func(x *Team) { x.CapacityPercent = 0 }, Team{DisplayName: "P", TimeZone: "UTC", CycleDays: 14}, "", []Event{TeamUpdated}},
		{"emptied settings are the default again", func(x *Team) { x.TimeZone, x.CycleDays = "", 0 }, Team{DisplayName: "P", TimeZone: "UTC", CycleDays: 14, CapacityPercent: 10}, "", nil},
		{"a zone that is none", func(x *Team) { x.TimeZone = "Mars" }, Team{DisplayName: "P", TimeZone: "UTC", CycleDays: 14, CapacityPercent: 10}, "TIME_ZONE_UNKNOWN", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			team := Team{DisplayName: "P", TimeZone: "UTC", CycleDays: 14, CapacityPercent: 10}
			events, err := team.Update(test.change)
			if r := reason(t, err); r != test.reason {
				t.Fatalf("reason = %q, want %q", r, test.reason)
			}
			happened(t, events, test.events...)
			if team != test.want {
				t.Errorf("team = %+v, want %+v", team, test.want)
			}
		})
	}
}
