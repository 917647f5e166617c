package wire

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// User converts to the contract, e-mail address included.
func User(row record.Row[domain.User]) *identityv1.User {
	state := identityv1.UserState_USER_STATE_ACTIVE
	if row.Value.Deactivated {
		state = identityv1.UserState_USER_STATE_DEACTIVATED
	}
	return &identityv1.User{
		Name:                   row.Value.Name,
		DisplayName:            row.Value.DisplayName,
		Email:                  row.Value.Email,
		OrganizationRoles:      OrganizationRoles(row.Value.Roles),
		GroupOrganizationRoles: OrganizationRoles(row.Value.GroupRoles),
		State:                  state,
		ProvisionedBy:          row.Value.ProvisionedBy,
		ExternalId:             row.Value.ExternalID,
		Etag:                   row.Etag,
		CreateTime:             instant(row.CreateTime),
		UpdateTime:             instant(row.UpdateTime),
	}
}

// ToUser converts from the contract what a caller may set.
func ToUser(u *identityv1.User) domain.User {
	return domain.User{
		Name:        u.GetName(),
		DisplayName: u.GetDisplayName(),
		Email:       u.GetEmail(),
		Roles:       ToOrganizationRoles(u.GetOrganizationRoles()),
	}
}

// UserEvent is the data of an event about a user.
func UserEvent(row record.Row[domain.User], e domain.Event) proto.Message {
	switch e {
	case domain.UserCreated:
		return &identityv1.UserCreated{User: User(row)}
	case domain.UserUpdated:
		return &identityv1.UserUpdated{User: User(row)}
	case domain.UserDeactivated:
		return &identityv1.UserDeactivated{User: User(row)}
	case domain.UserReactivated:
		return &identityv1.UserReactivated{User: User(row)}
	default: // an event about something else
		return nil
	}
}
