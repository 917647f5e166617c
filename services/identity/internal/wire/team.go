package wire

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Team converts to the contract.
func Team(row record.Row[domain.Team]) *identityv1.Team {
	t := row.Value
	state := identityv1.TeamState_TEAM_STATE_ACTIVE
	if t.Deactivated {
		state = identityv1.TeamState_TEAM_STATE_DEACTIVATED
	}
	out := &identityv1.Team{
		Name:                       t.Name,
		DisplayName:                t.DisplayName,
		TimeZone:                   t.TimeZone,
		CadenceWeekday:             Weekday(t.CadenceWeekday),
		CycleDays:                  t.CycleDays,
		Visibility:                 TeamVisibility(t.Visibility),
		ImprovementCapacityPercent: t.CapacityPercent,
		State:                      state,
		ProvisionedBy:              t.ProvisionedBy,
		ExternalId:                 t.ExternalID,
		Etag:                       row.Etag,
		CreateTime:                 instant(row.CreateTime),
		UpdateTime:                 instant(row.UpdateTime),
	}
	for _, day := range t.WorkingDays {
		out.WorkingDays = append(out.WorkingDays, Weekday(day))
	}
	for _, day := range t.Holidays {
		out.Holidays = append(out.Holidays, &identityv1.Holiday{Date: day.Date, DisplayName: day.DisplayName})
	}
	return out
}

// ToTeam converts from the contract what a caller may set.
func ToTeam(t *identityv1.Team) domain.Team {
	out := domain.Team{
		Name:            t.GetName(),
		DisplayName:     t.GetDisplayName(),
		TimeZone:        t.GetTimeZone(),
		CadenceWeekday:  ToWeekday(t.GetCadenceWeekday()),
		CycleDays:       t.GetCycleDays(),
		Visibility:      ToTeamVisibility(t.GetVisibility()),
		CapacityPercent: t.GetImprovementCapacityPercent(),
	}
	for _, day := range t.GetWorkingDays() {
		out.WorkingDays = append(out.WorkingDays, ToWeekday(day))
	}
	for _, day := range t.GetHolidays() {
		out.Holidays = append(out.Holidays, domain.Holiday{Date: day.GetDate(), DisplayName: day.GetDisplayName()})
	}
	return out
}

// TeamEvent is the data of an event about a team.
func TeamEvent(row record.Row[domain.Team], e domain.Event) proto.Message {
	switch e {
	case domain.TeamCreated:
		return &identityv1.TeamCreated{Team: Team(row)}
	case domain.TeamUpdated:
		return &identityv1.TeamUpdated{Team: Team(row)}
	case domain.TeamDeactivated:
		return &identityv1.TeamDeactivated{Team: Team(row)}
	case domain.TeamReactivated:
		return &identityv1.TeamReactivated{Team: Team(row)}
	default: // an event about something else
		return nil
	}
}
