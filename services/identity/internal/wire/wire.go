// Package wire converts between the domain and the contract. It holds no rules.
package wire

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

// Prefixes of the contract's enum values; what follows is the domain's word.
const (
	organizationRole = "ORGANIZATION_ROLE_"
	teamRole         = "TEAM_ROLE_"
	teamVisibility   = "TEAM_VISIBILITY_"
	weekday          = "WEEKDAY_"
)

// OrganizationRoles converts to the contract.
func OrganizationRoles(roles []domain.OrganizationRole) []identityv1.OrganizationRole {
	var out []identityv1.OrganizationRole
	for _, r := range roles {
		out = append(out, identityv1.OrganizationRole(identityv1.OrganizationRole_value[organizationRole+string(r)]))
	}
	return out
}

// ToOrganizationRoles converts from the contract.
func ToOrganizationRoles(roles []identityv1.OrganizationRole) []domain.OrganizationRole {
	var out []domain.OrganizationRole
	for _, r := range roles {
		out = append(out, domain.OrganizationRole(strings.TrimPrefix(r.String(), organizationRole)))
	}
	return out
}

// TeamRole converts to the contract.
func TeamRole(role domain.TeamRole) identityv1.TeamRole {
	return identityv1.TeamRole(identityv1.TeamRole_value[teamRole+string(role)])
}

// ToTeamRole converts from the contract.
func ToTeamRole(role identityv1.TeamRole) domain.TeamRole {
	return domain.TeamRole(strings.TrimPrefix(role.String(), teamRole))
}

// Weekday converts to the contract.
func Weekday(day domain.Weekday) identityv1.Weekday {
	return identityv1.Weekday(identityv1.Weekday_value[weekday+string(day)])
}

// ToWeekday converts from the contract; a day that is not said is none.
func ToWeekday(day identityv1.Weekday) domain.Weekday {
	if day == identityv1.Weekday_WEEKDAY_UNSPECIFIED {
		return ""
	}
	return domain.Weekday(strings.TrimPrefix(day.String(), weekday))
}

// TeamVisibility converts to the contract.
func TeamVisibility(v domain.TeamVisibility) identityv1.TeamVisibility {
	return identityv1.TeamVisibility(identityv1.TeamVisibility_value[teamVisibility+string(v)])
}

// ToTeamVisibility converts from the contract; what is not said is none.
func ToTeamVisibility(v identityv1.TeamVisibility) domain.TeamVisibility {
	if v == identityv1.TeamVisibility_TEAM_VISIBILITY_UNSPECIFIED {
		return ""
	}
	return domain.TeamVisibility(strings.TrimPrefix(v.String(), teamVisibility))
}

// instant leaves an instant that is not set out.
func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// toInstant converts from the contract, in whole microseconds as instants are stored.
func toInstant(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().Truncate(time.Microsecond)
}
