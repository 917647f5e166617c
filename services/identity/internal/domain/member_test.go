package domain

import (
	"testing"
	"time"
)

// joined is a member of the team payments.
func joined(t *testing.T, role TeamRole) *Member {
	t.Helper()
	m := NewMember("teams/payments", "users/mina")
	events, err := m.Join(role, now)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, events, MemberAdded)
	return m
}

func TestMemberGoesAndReturns(t *testing.T) {
	m := joined(t, RoleViewer)
	if m.Name != "teams/payments/members/mina" || !m.AddTime.Equal(now) {
		t.Errorf("member = %+v", m)
	}
	if _, err := m.Join(RoleCoach, now); reason(t, err) != "MEMBER_ALREADY_EXISTS" || m.Role != RoleViewer {
		t.Errorf("a member was added twice: %v, role %s", err, m.Role)
	}

	events, err := m.Remove()
	if err != nil || !m.Removed {
		t.Fatalf("remove: %v, removed %v", err, m.Removed)
	}
	happened(t, events, MemberRemoved)
	for name, act := range map[string]func() error{
		"removed twice": func() error { _, err := m.Remove(); return err },
		"given a role":  func() error { _, err := m.ChangeRole(RoleCoach); return err },
		"looked at":     m.Present,
	} {
		if err := act(); reason(t, err) != "MEMBER_NOT_FOUND" {
			t.Errorf("%s: %v", name, err)
		}
	}

	later := now.Add(time.Hour)
	events, err = m.Join(RoleCoach, later)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, events, MemberAdded)
	if m.Removed || m.Role != RoleCoach || !m.AddTime.Equal(later) {
		t.Errorf("returned member = %+v", m)
	}
}

func TestChangeRole(t *testing.T) {
	for name, test := range map[string]struct {
		before func(*Member)
		role   TeamRole
		reason string
		events []Event
	}{
		"another role":              {func(*Member) {}, RoleCoach, "", []Event{MemberUpdated}},
		"the same role":             {func(*Member) {}, RoleMember, "", nil},
		"a provisioned one":         {func(m *Member) { m.ProvisionedBy = "a.yaml" }, RoleCoach, "PROVISIONED", nil},
		"one that a group gives":    {func(m *Member) { m.Group = "staff" }, RoleCoach, "MEMBER_FROM_GROUP", nil},
		"the same role, by a group": {func(m *Member) { m.Group = "staff" }, RoleMember, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := joined(t, RoleMember)
			test.before(m)
			events, err := m.ChangeRole(test.role)
			if r := reason(t, err); r != test.reason {
				t.Fatalf("reason = %q, want %q", r, test.reason)
			}
			happened(t, events, test.events...)
			if want := map[bool]TeamRole{true: test.role, false: RoleMember}[len(events) > 0]; m.Role != want {
				t.Errorf("role = %s, want %s", m.Role, want)
			}
		})
	}
}

func TestMembershipsByGroup(t *testing.T) {
	grant := GroupGrant{Team: "teams/payments", Role: RoleMember, Group: "staff"}
	m := NewMember("teams/payments", "users/mina")
	happened(t, m.LeaveGroups())
	happened(t, m.JoinByGroup(grant, now), MemberAdded)
	happened(t, m.JoinByGroup(grant, now.Add(time.Hour)))
	grant.Role = RoleCoach
	happened(t, m.JoinByGroup(grant, now), MemberUpdated)
	if m.Role != RoleCoach || m.Group != "staff" || !m.AddTime.Equal(now) {
		t.Errorf("member = %+v", m)
	}
	happened(t, m.LeaveGroups(), MemberRemoved)
	happened(t, m.LeaveGroups())
	events, err := m.Join(RoleViewer, now)
	if happened(t, events, MemberAdded); err != nil || m.Group != "" {
		t.Errorf("joined by hand: %v, %+v", err, m)
	}
	// What was given by hand or by a file is no group's to change.
	happened(t, m.JoinByGroup(grant, now))
	happened(t, m.LeaveGroups())
	m.ProvisionedBy = "a.yaml"
	happened(t, m.JoinByGroup(grant, now))
	happened(t, m.LeaveGroups())
	if m.Role != RoleViewer || m.Removed {
		t.Errorf("a group changed %+v", m)
	}
}

func TestProvisionedMember(t *testing.T) {
	m := NewMember("teams/payments", "users/mina")
	provision := func(file string, role TeamRole, want string, events ...Event) {
		t.Helper()
		got, err := m.Provision(file, role, now)
		if r := reason(t, err); r != want {
			t.Fatalf("reason = %q, want %q", r, want)
		}
		happened(t, got, events...)
	}
	provision("a.yaml", RoleMember, "", MemberAdded)
	provision("a.yaml", RoleMember, "")
	provision("b.yaml", RoleCoach, "PROVISIONED")
	provision("a.yaml", RoleCoach, "", MemberUpdated)
	if _, err := m.Remove(); reason(t, err) != "PROVISIONED" || m.Removed {
		t.Errorf("removed by hand: %v", err)
	}
	happened(t, m.Withdraw(), MemberRemoved)
	happened(t, m.Withdraw())
	if _, err := m.Join(RoleViewer, now); err != nil || m.ProvisionedBy != "" {
		t.Errorf("who came back by hand is still the file's: %v, %+v", err, m)
	}
	provision("b.yaml", RoleViewer, "", MemberUpdated) // a file takes over what was by hand
}
