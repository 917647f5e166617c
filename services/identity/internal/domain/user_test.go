package domain

import (
	"errors"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
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
		{"an admin by group stays one", []OrganizationRole{Admin}, 0, func(u *User) { u.Roles, u.GroupRoles = nil, []OrganizationRole{Admin} }, "", []Event{UserUpdated}},
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

func TestDeactivateUser(t *testing.T) {
	for name, test := range map[string]struct {
		user        User
		otherAdmins int
		reason      string
		events      []Event
	}{
		"somebody":                     {User{}, 0, "", []Event{UserDeactivated}},
		"the last admin":               {User{Roles: []OrganizationRole{Admin}}, 0, "LAST_ADMIN", nil},
		"the last admin, by a group":   {User{GroupRoles: []OrganizationRole{Admin}}, 0, "LAST_ADMIN", nil},
		"one of two admins":            {User{Roles: []OrganizationRole{Admin}}, 1, "", []Event{UserDeactivated}},
		"a manager":                    {User{Roles: []OrganizationRole{Manager}}, 0, "", []Event{UserDeactivated}},
		"who is deactivated":           {User{Deactivated: true, Roles: []OrganizationRole{Admin}}, 0, "", nil},
		"who is provisioned":           {User{ProvisionedBy: "a.yaml"}, 0, "PROVISIONED", nil},
		"who is provisioned and is so": {User{ProvisionedBy: "a.yaml", Deactivated: true}, 0, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			test.user.DisplayName = "Mina"
			before := test.user.Deactivated
			events, err := test.user.Deactivate(test.otherAdmins)
			if r := reason(t, err); r != test.reason {
				t.Fatalf("reason = %q, want %q", r, test.reason)
			}
			happened(t, events, test.events...)
			if want := before || len(events) > 0; test.user.Deactivated != want || test.user.ActiveAdmin() && want {
				t.Errorf("user = %+v", test.user)
			}
		})
	}
	u := User{DisplayName: "Mina", Deactivated: true, Roles: []OrganizationRole{Admin}}
	// A deactivated admin counts for nothing, and so may lose the role.
	if events, err := u.Update(func(u *User) { u.Roles = nil }, 0); err != nil || len(events) != 1 {
		t.Errorf("demoted: %v, %v", events, err)
	}
	events, err := u.Reactivate()
	if happened(t, events, UserReactivated); err != nil || u.Deactivated {
		t.Errorf("reactivated: %v, %+v", err, u)
	}
	events, err = u.Reactivate()
	if happened(t, events); err != nil {
		t.Error(err)
	}
}

func TestGroupRoles(t *testing.T) {
	u := User{DisplayName: "Mina", Roles: []OrganizationRole{Manager}}
	for _, test := range []struct {
		roles  []OrganizationRole
		admin  bool
		events []Event
	}{
		{[]OrganizationRole{Admin, Admin}, true, []Event{UserUpdated}},
		{[]OrganizationRole{Admin}, true, nil},
		{nil, false, []Event{UserUpdated}},
		{[]OrganizationRole{}, false, nil},
	} {
		events, err := u.SetGroupRoles(test.roles)
		if err != nil {
			t.Fatal(err)
		}
		happened(t, events, test.events...)
		if u.Has(Admin) != test.admin || !u.Has(Manager) || !slices.Equal(u.Roles, []OrganizationRole{Manager}) {
			t.Errorf("with %v: %+v", test.roles, u)
		}
	}
	u.ProvisionedBy = "a.yaml"
	if _, err := u.SetGroupRoles([]OrganizationRole{Admin}); reason(t, err) != "PROVISIONED" || u.Has(Admin) {
		t.Errorf("a group changed who is provisioned: %v", err)
	}
	events, err := u.SetGroupRoles(nil)
	if happened(t, events); err != nil {
		t.Errorf("a change of nothing: %v", err)
	}
}

func TestProvisionedUser(t *testing.T) {
	u := &User{Name: "users/mina", DisplayName: "Mina"}
	admin := func(u *User) { u.Roles = []OrganizationRole{Admin} }
	for _, test := range []struct {
		name   string
		act    func() ([]Event, error)
		reason string
		events []Event
	}{
		{"a file takes over", func() ([]Event, error) { return u.Provision("a.yaml", admin, 0) }, "", []Event{UserUpdated}},
		{"the same again", func() ([]Event, error) { return u.Provision("a.yaml", admin, 0) }, "", nil},
		{"another file", func() ([]Event, error) { return u.Provision("b.yaml", admin, 0) }, "PROVISIONED", nil},
		{"by hand", func() ([]Event, error) { return u.Update(func(u *User) { u.DisplayName = "M" }, 1) }, "PROVISIONED", nil},
		{"nothing by hand", func() ([]Event, error) { return u.Update(func(u *User) { u.DisplayName = "Mina" }, 1) }, "", nil},
		{"the last admin", func() ([]Event, error) { return u.Provision("a.yaml", func(u *User) { u.Roles = nil }, 0) }, "LAST_ADMIN", nil},
		{"deactivated by the file", func() ([]Event, error) { return u.Provision("a.yaml", func(u *User) { u.Deactivated = true }, 1) }, "", []Event{UserDeactivated}},
		{"reactivated by hand", func() ([]Event, error) { return u.Reactivate() }, "PROVISIONED", nil},
		{"released", func() ([]Event, error) { return u.Release() }, "", []Event{UserUpdated}},
		{"reactivated after that", func() ([]Event, error) { return u.Reactivate() }, "", []Event{UserReactivated}},
	} {
		events, err := test.act()
		if r := reason(t, err); r != test.reason {
			t.Fatalf("%s: reason %q, want %q", test.name, r, test.reason)
		}
		happened(t, events, test.events...)
		var f *fault.Error
		if errors.As(err, &f) && f.Reason == "PROVISIONED" && f.Metadata["file"] != "a.yaml" {
			t.Errorf("%s does not name the file: %v", test.name, f.Metadata)
		}
	}
}
