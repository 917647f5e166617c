package domain

import (
	"reflect"
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// OrganizationRole is a role in the whole organisation.
type OrganizationRole string

// The organisation roles.
const (
	Admin   OrganizationRole = "ADMIN"
	Manager OrganizationRole = "MANAGER"
)

// User is a person.
type User struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Email       string `json:"email,omitempty"`
	// Roles were given by hand, by an import or by a provisioning file.
	Roles []OrganizationRole `json:"roles,omitempty"`
	// GroupRoles were given by the user's groups at the OpenID provider, at the last sign-in.
	GroupRoles []OrganizationRole `json:"groupRoles,omitempty"`
	// Deactivated users are let in nowhere.
	Deactivated bool `json:"deactivated,omitempty"`
	// ProvisionedBy is the provisioning file that owns the user.
	ProvisionedBy string `json:"provisionedBy,omitempty"`
	// ExternalID is what an import knows the user by.
	ExternalID string `json:"externalId,omitempty"`
}

// NewUser checks a user that is about to be created. The id must be valid as the contract says.
func NewUser(u User) (*User, []Event, error) {
	if err := u.settle(); err != nil {
		return nil, nil, err
	}
	return &u, []Event{UserCreated}, nil
}

// Update changes the user. otherAdmins is how many active admins there are besides this user: the last one keeps the role,
// because nobody could give it back.
func (u *User) Update(change func(*User), otherAdmins int) ([]Event, error) {
	return u.apply(change, otherAdmins, unowned("user", u.Name, u.ProvisionedBy))
}

// Deactivate lets the user in no more. The last active admin stays. A user who is deactivated stays as is.
func (u *User) Deactivate(otherAdmins int) ([]Event, error) {
	return u.apply(func(u *User) { u.Deactivated = true }, otherAdmins, unowned("user", u.Name, u.ProvisionedBy))
}

// Reactivate lets the user in again.
func (u *User) Reactivate() ([]Event, error) {
	return u.apply(func(u *User) { u.Deactivated = false }, 0, unowned("user", u.Name, u.ProvisionedBy))
}

// SetGroupRoles makes roles those that the user's groups give. Whether the last admin may lose the role so is for the caller
// to decide.
func (u *User) SetGroupRoles(roles []OrganizationRole) ([]Event, error) {
	return u.apply(func(u *User) { u.GroupRoles = roles }, 1, unowned("user", u.Name, u.ProvisionedBy))
}

// Provision makes the user what a provisioning file says, and the file's own. Other files' users are refused. change may
// also deactivate or reactivate the user.
func (u *User) Provision(file string, change func(*User), otherAdmins int) ([]Event, error) {
	return u.apply(func(next *User) {
		change(next)
		next.ProvisionedBy = file
	}, otherAdmins, ownedBy("user", u.Name, u.ProvisionedBy, file))
}

// Release gives a user that its file names no more back to the admins.
func (u *User) Release() ([]Event, error) {
	return u.apply(func(next *User) { next.ProvisionedBy = "" }, 1, nil)
}

// Has tells whether the user has an organisation role, wherever it is from.
func (u *User) Has(role OrganizationRole) bool {
	return slices.Contains(u.Roles, role) || slices.Contains(u.GroupRoles, role)
}

// ActiveAdmin tells whether the user can act as an admin.
func (u *User) ActiveAdmin() bool { return u.Has(Admin) && !u.Deactivated }

// CheckActive refuses, for the given request field, to give a deactivated user anything that only works for others.
func (u *User) CheckActive(field string) error {
	if !u.Deactivated {
		return nil
	}
	return fault.Unmet("USER_DEACTIVATED", "The user "+u.Name+" is deactivated.", fault.Violation{
		Field: field, Reason: "USER_DEACTIVATED", Description: "Reactivate the user first.",
	})
}

// apply changes the user with the event that tells of it. A change of nothing has no event, and nobody to ask; refusal, if
// any, is why there must be no other.
func (u *User) apply(change func(*User), otherAdmins int, refusal error) ([]Event, error) {
	next := *u
	change(&next)
	if err := next.settle(); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(*u, next) {
		return nil, nil
	}
	if refusal != nil {
		return nil, refusal
	}
	if u.ActiveAdmin() && !next.ActiveAdmin() && otherAdmins == 0 {
		return nil, lastAdmin(next.Deactivated)
	}
	event := UserUpdated
	switch {
	case next.Deactivated && !u.Deactivated:
		event = UserDeactivated
	case !next.Deactivated && u.Deactivated:
		event = UserReactivated
	}
	*u = next
	return []Event{event}, nil
}

// lastAdmin is why the last admin goes on being one.
func lastAdmin(deactivated bool) error {
	message, field := "The last admin cannot give up that role.", "user.organization_roles"
	if deactivated {
		message, field = "The last admin cannot be deactivated.", "name"
	}
	return fault.Unmet("LAST_ADMIN", message, fault.Violation{
		Field: field, Reason: "LAST_ADMIN", Description: "Make somebody else an admin first.",
	})
}

// settle brings the user into its one stored form.
func (u *User) settle() (err error) {
	u.DisplayName, err = displayName("user.display_name", u.DisplayName)
	u.Roles, u.GroupRoles = settleRoles(u.Roles), settleRoles(u.GroupRoles)
	return err
}

func settleRoles(roles []OrganizationRole) []OrganizationRole {
	return slices.Compact(slices.Sorted(slices.Values(roles)))
}
