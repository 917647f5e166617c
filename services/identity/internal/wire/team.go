package wire

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Team converts to the contract.
func Team(row record.Row[domain.Team]) *identityv1.Team {
	return &identityv1.Team{
		Name:                       row.Value.Name,
		DisplayName:                row.Value.DisplayName,
		TimeZone:                   row.Value.TimeZone,
		CycleDays:                  row.Value.CycleDays,
		ImprovementCapacityPercent: row.Value.CapacityPercent,
		Etag:                       row.Etag,
		CreateTime:                 instant(row.CreateTime),
		UpdateTime:                 instant(row.UpdateTime),
	}
}

// ToTeam converts from the contract what a caller may set.
func ToTeam(t *identityv1.Team) domain.Team {
	return domain.Team{
		Name:            t.GetName(),
		DisplayName:     t.GetDisplayName(),
		TimeZone:        t.GetTimeZone(),
		CycleDays:       t.GetCycleDays(),
		CapacityPercent: t.GetImprovementCapacityPercent(),
	}
}

// TeamEvent is the data of an event about a team.
func TeamEvent(row record.Row[domain.Team], e domain.Event) proto.Message {
	switch e {
	case domain.TeamCreated:
		return &identityv1.TeamCreated{Team: Team(row)}
	case domain.TeamUpdated:
		return &identityv1.TeamUpdated{Team: Team(row)}
	default: // an event about something else
		return nil
	}
}
