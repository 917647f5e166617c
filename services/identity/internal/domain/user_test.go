package domain

import (
	"slices"
	"testing"
)

func TestNewUser(t *testing.T) {
	u, events, err := NewUser(User{Name: "users/mina", DisplayName: "  Mina ", Roles: []OrganizationRole{Manager, Admin, Manager}})
	if err != nil {
		t.Fatal(err)
	}
	happened(t, events, UserCreated)
	if u.DisplayName != "Mina" || !slices.Equal(u.Roles, []OrganizationRole{Admin, Manager}) {
		t.Errorf("stored form = %+v", u)
	}
	if _, _, err := NewUser(User{Name: "users/mina", DisplayName: " \t"}); reason(t, err) != "DISPLAY_NAME_EMPTY" {
		t.Errorf("blank display name: %v", err)
	}
}

func TestUpdateUser(t *testing.T) {
	demote := func(u *User) { u.Roles = nil }
	for _, test := range []struct {
		name        string
		roles       []OrganizationRole
		otherAdmins int
		change      func(*User)
		reason      string
		events      []Event
	}{
		{"a new name", nil, 0, func(u *User) { u.DisplayName = "Mina K." }, "", []Event{UserUpdated}},
		{"the same again", nil, 0, func(u *User) { u.DisplayName = " Mina " }, "", nil},
		{"the same role twice", []OrganizationRole{Admin}, 0, func(u *User) { u.Roles = []OrganizationRole{Admin, Admin} }, "", nil},
		{"a blank name", nil, 0, func(u *User) { u.DisplayName = " " }, "DISPLAY_NAME_EMPTY", nil},
		{"the last admin stays", []OrganizationRole{Admin}, 0, demote, "LAST_ADMIN", nil},
		{"one of two admins may go", []OrganizationRole{Admin}, 1, demote, "", []Event{UserUpdated}},
		{"a manager may go", []OrganizationRole{Manager}, 0, demote, "", []Event{UserUpdated}},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := &User{Name: "users/mina", DisplayName: "Mina", Roles: test.roles}
			before := slices.Clone(test.roles)
			events, err := u.Update(test.change, test.otherAdmins)
			if got := reason(t, err); got != test.reason {
				t.Fatalf("reason = %q, want %q", got, test.reason)
			}
			happened(t, events, test.events...)
			if len(events) == 0 && (u.DisplayName != "Mina" || !slices.Equal(u.Roles, before)) {
				t.Errorf("changed without an event: %+v", u)
			}
		})
	}
}
