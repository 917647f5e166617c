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
	Name        string             `json:"name"`
	DisplayName string             `json:"displayName"`
	Email       string             `json:"email,omitempty"`
	Roles       []OrganizationRole `json:"roles,omitempty"`
}

// NewUser checks a user that is about to be created. The id must be valid as the contract says.
func NewUser(u User) (*User, []Event, error) {
	if err := u.settle(); err != nil {
		return nil, nil, err
	}
	return &u, []Event{UserCreated}, nil
}

// Update changes the user. otherAdmins is how many admins there are besides this user: the last one keeps the role,
// because nobody could give it back.
func (u *User) Update(change func(*User), otherAdmins int) ([]Event, error) {
	next := *u
	change(&next)
	if err := next.settle(); err != nil {
		return nil, err
	}
	if u.Has(Admin) && !next.Has(Admin) && otherAdmins == 0 {
		return nil, fault.Unmet("LAST_ADMIN", "The last admin cannot give up that role.", fault.Violation{
			Field: "user.organization_roles", Reason: "LAST_ADMIN", Description: "Make somebody else an admin first.",
		})
	}
	if reflect.DeepEqual(*u, next) {
		return nil, nil
	}
	*u = next
	return []Event{UserUpdated}, nil
}

// Has tells whether the user has an organisation role.
func (u *User) Has(role OrganizationRole) bool { return slices.Contains(u.Roles, role) }

// settle brings the user into its one stored form.
func (u *User) settle() (err error) {
	u.DisplayName, err = displayName("user.display_name", u.DisplayName)
	u.Roles = slices.Compact(slices.Sorted(slices.Values(u.Roles)))
	return err
}
