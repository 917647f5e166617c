package domain

import (
	"testing"
	"time"
)

func TestMemberGoesAndReturns(t *testing.T) {
	m, events := NewMember("teams/payments", "users/mina", RoleViewer, now)
	happened(t, events, MemberAdded)
	if m.Name != "teams/payments/members/mina" {
		t.Errorf("name = %s", m.Name)
	}
	if _, err := m.Return(RoleCoach, now); reason(t, err) != "MEMBER_ALREADY_EXISTS" || m.Role != RoleViewer {
		t.Errorf("a member was added twice: %v, role %s", err, m.Role)
	}

	events, err := m.Remove()
	if err != nil || !m.Removed {
		t.Fatalf("remove: %v, removed %v", err, m.Removed)
	}
	happened(t, events, MemberRemoved)
	if _, err := m.Remove(); reason(t, err) != "MEMBER_NOT_FOUND" {
		t.Errorf("a member was removed twice: %v", err)
	}

	later := now.Add(time.Hour)
	events, err = m.Return(RoleCoach, later)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, events, MemberAdded)
	if m.Removed || m.Role != RoleCoach || !m.AddTime.Equal(later) {
		t.Errorf("returned member = %+v", m)
	}
}
