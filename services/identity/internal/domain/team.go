package domain

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// What a team has when nothing is said.
const (
	defaultTimeZone        = "UTC"
	defaultCycleDays       = 14
	defaultCapacityPercent = 10
)

// TeamVisibility is who may read a team's work.
type TeamVisibility string

// The visibilities.
const (
	// VisibleToTeam is for the team's people, managers and admins.
	VisibleToTeam TeamVisibility = "TEAM"
	// VisibleToOrganization is for everybody who has signed in.
	VisibleToOrganization TeamVisibility = "ORGANIZATION"
)

// Team is a team that improves in cycles.
type Team struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	// TimeZone is an IANA zone; the team's days are days in it.
	TimeZone string `json:"timeZone"`
	// WorkingDays are in the order of the week, and at least one.
	WorkingDays []Weekday `json:"workingDays"`
	// Holidays are in the order of their dates.
	Holidays []Holiday `json:"holidays,omitempty"`
	// CadenceWeekday is the day on which cycles start.
	CadenceWeekday Weekday `json:"cadenceWeekday"`
	// CycleDays is the length of a cycle in calendar days.
	CycleDays int32 `json:"cycleDays"`
	// Visibility is who may read the team's work.
	Visibility TeamVisibility `json:"visibility"`
	// CapacityPercent is the share of the team's time that is kept for improvement.
	CapacityPercent int32 `json:"capacityPercent"`
	// Deactivated teams are only read: by their people, and by no bot.
	Deactivated bool `json:"deactivated,omitempty"`
	// ProvisionedBy is the provisioning file that owns the team.
	ProvisionedBy string `json:"provisionedBy,omitempty"`
	// ExternalID is what an import knows the team by.
	ExternalID string `json:"externalId,omitempty"`
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

// UnmarshalJSON reads a stored team. One that was stored by an earlier version has the defaults of what that did not know.
func (t *Team) UnmarshalJSON(doc []byte) error {
	type stored Team
	if err := json.Unmarshal(doc, (*stored)(t)); err != nil {
		return err
	}
	t.fill()
	return nil
}

// Update changes the team's settings. A capacity of 0 is kept here: a team may say that it keeps no time.
func (t *Team) Update(change func(*Team)) ([]Event, error) {
	return t.apply(change, unowned("team", t.Name, t.ProvisionedBy))
}

// Deactivate ends the team's work. What it did stays readable. A team that is deactivated stays as is.
func (t *Team) Deactivate() ([]Event, error) {
	return t.Update(func(t *Team) { t.Deactivated = true })
}

// Reactivate lets the team work again.
func (t *Team) Reactivate() ([]Event, error) {
	return t.Update(func(t *Team) { t.Deactivated = false })
}

// Provision makes the team what a provisioning file says, and the file's own. Other files' teams are refused. change may
// also deactivate or reactivate the team.
func (t *Team) Provision(file string, change func(*Team)) ([]Event, error) {
	return t.apply(func(next *Team) {
		change(next)
		next.ProvisionedBy = file
	}, ownedBy("team", t.Name, t.ProvisionedBy, file))
}

// Release gives a team that its file names no more back to its coaches.
func (t *Team) Release() ([]Event, error) {
	return t.apply(func(next *Team) { next.ProvisionedBy = "" }, nil)
}

// RoleOf is what somebody with the given role may be in the team: people of a deactivated team only read.
func (t *Team) RoleOf(role TeamRole) TeamRole {
	if t.Deactivated {
		return RoleViewer
	}
	return role
}

// CheckActive refuses, for the given request field, to give a deactivated team anything that only works for others.
func (t *Team) CheckActive(field string) error {
	if !t.Deactivated {
		return nil
	}
	return fault.Unmet("TEAM_DEACTIVATED", "The team "+t.Name+" is deactivated.", fault.Violation{
		Field: field, Reason: "TEAM_DEACTIVATED", Description: "Reactivate the team first.",
	})
}

// apply changes the team with the event that tells of it. A change of nothing has no event, and nobody to ask; refusal, if
// any, is why there must be no other.
func (t *Team) apply(change func(*Team), refusal error) ([]Event, error) {
	next := *t
	change(&next)
	if err := next.settle(); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(*t, next) {
		return nil, nil
	}
	if refusal != nil {
		return nil, refusal
	}
	event := TeamUpdated
	switch {
	case next.Deactivated && !t.Deactivated:
		event = TeamDeactivated
	case !next.Deactivated && t.Deactivated:
		event = TeamReactivated
	}
	*t = next
	return []Event{event}, nil
}

// fill sets what was not given to its default.
func (t *Team) fill() {
	if t.TimeZone == "" {
		t.TimeZone = defaultTimeZone
	}
	if len(t.WorkingDays) == 0 {
		t.WorkingDays = []Weekday{Monday, Tuesday, Wednesday, Thursday, Friday}
	}
	if t.CadenceWeekday == "" {
		t.CadenceWeekday = Monday
	}
	if t.CycleDays == 0 {
		t.CycleDays = defaultCycleDays
	}
	if t.Visibility == "" {
		t.Visibility = VisibleToTeam
	}
}

// settle brings the team into its one stored form.
func (t *Team) settle() (err error) {
	t.fill()
	if t.DisplayName, err = displayName("team.display_name", t.DisplayName); err != nil {
		return err
	}
	if err := zone("team.time_zone", t.TimeZone); err != nil {
		return err
	}
	if t.WorkingDays, err = settleWorkingDays(t.WorkingDays); err != nil {
		return err
	}
	if err := knownWeekday("team.cadence_weekday", t.CadenceWeekday); err != nil {
		return err
	}
	t.Holidays, err = settleHolidays(t.Holidays)
	return err
}

// zone refuses what is no IANA zone. "Local" is one to the standard library only: it would mean another zone on every
// machine.
func zone(field, name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return fault.Invalid(field, "TIME_ZONE_UNKNOWN", "%q is not an IANA time zone such as Europe/Berlin", name)
	}
	return nil
}
