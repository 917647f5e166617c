package rpc

import (
	"context"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// team is what this service needs to know of a team.
type team struct {
	settings        domain.TeamSettings
	zone            *time.Location
	workingDays     []domain.Weekday
	holidays        []domain.Day
	capacityPercent int
}

// today is the day that it is for the team.
func (t team) today(now time.Time) domain.Day { return domain.Today(now, t.zone) }

// team asks identity for the team, so that days are the team's days and nothing is planned for a team that is not there.
func (s *Server) team(ctx context.Context, name string) (team, error) {
	answer, err := s.identity.GetTeam(ctx, &identityv1.GetTeamRequest{Name: name})
	if err != nil {
		return team{}, err
	}
	zone, err := time.LoadLocation(answer.GetTimeZone())
	if err != nil {
		return team{}, fault.New(fault.Internal, "TIME_ZONE_UNKNOWN", "this program does not know the team's zone").Because(err)
	}
	known := team{
		zone: zone, workingDays: wire.Weekdays(answer.GetWorkingDays()), capacityPercent: int(answer.GetImprovementCapacityPercent()),
	}
	for _, holiday := range answer.GetHolidays() {
		known.holidays = append(known.holidays, domain.Day(holiday.GetDate()))
	}
	known.settings = domain.TeamSettings{
		TimeZone: answer.GetTimeZone(), CycleDays: int(answer.GetCycleDays()), WorkingDays: known.workingDays, Holidays: known.holidays,
	}
	if cadence := wire.Weekdays([]identityv1.Weekday{answer.GetCadenceWeekday()}); len(cadence) > 0 {
		known.settings.Cadence = cadence[0]
	}
	return known, nil
}
