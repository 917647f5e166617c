package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// What a team has when nothing is said.
const (
	defaultTimeZone        = "UTC"
	defaultCycleDays       = 14
	defaultCapacityPercent = 10
)

// Team is a team that improves in cycles.
type Team struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	// TimeZone is an IANA zone; the team's days are days in it.
	TimeZone string `json:"timeZone"`
	// CycleDays is the length of a cycle in calendar days.
	CycleDays int32 `json:"cycleDays"`
	// CapacityPercent is the share of the team's time that is kept for improvement.
	CapacityPercent int32 `json:"capacityPercent"`
}

// NewTeam checks a team that is about to be created and fills in what was not given.
func NewTeam(t Team) (*Team, []Event, error) {
	if t.CapacityPercent == 0 {
		t.CapacityPercent = defaultCapacityPercent
	}
	if err := t.settle(); err != nil {
		return nil, nil, err
	}
	return &t, []Event{TeamCreated}, nil
}

// Update changes the team's settings. A capacity of 0 is kept here: a team may say that it keeps no time.
func (t *Team) Update(change func(*Team)) ([]Event, error) {
	next := *t
	change(&next)
	if err := next.settle(); err != nil {
		return nil, err
	}
	if *t == next {
		return nil, nil
	}
	*t = next
	return []Event{TeamUpdated}, nil
}

// settle brings the team into its one stored form.
func (t *Team) settle() (err error) {
	if t.TimeZone == "" {
		t.TimeZone = defaultTimeZone
	}
	if t.CycleDays == 0 {
		t.CycleDays = defaultCycleDays
	}
	if t.DisplayName, err = displayName("team.display_name", t.DisplayName); err != nil {
		return err
	}
	return zone("team.time_zone", t.TimeZone)
}

// zone refuses what is no IANA zone. "Local" is one to the standard library only: it would mean another zone on every
// machine.
func zone(field, name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return fault.Invalid(field, "TIME_ZONE_UNKNOWN", "%q is not an IANA time zone such as Europe/Berlin", name)
	}
	return nil
}
