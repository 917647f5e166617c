package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// TeamRole is what a user is in a team.
type TeamRole string

// The team roles.
const (
	RoleMember TeamRole = "MEMBER"
	RoleCoach  TeamRole = "COACH"
	RoleViewer TeamRole = "VIEWER"
)

// Member is a user's place in a team. It outlives its removal, so that its history goes on when the user comes back.
type Member struct {
	Name    string    `json:"name"`
	User    string    `json:"user"`
	Role    TeamRole  `json:"role"`
	AddTime time.Time `json:"addTime"`
	Removed bool      `json:"removed,omitempty"`
}

// NewMember puts a user, given by resource name, into a team.
func NewMember(team, user string, role TeamRole, now time.Time) (*Member, []Event) {
	return &Member{Name: MemberName(team, user), User: user, Role: role, AddTime: now}, []Event{MemberAdded}
}

// Return puts a removed member back into the team. Nobody is a member twice.
func (m *Member) Return(role TeamRole, now time.Time) ([]Event, error) {
	if !m.Removed {
		return nil, fault.New(fault.AlreadyExists, "MEMBER_ALREADY_EXISTS", "%s is a member of the team already", m.User).With("name", m.Name)
	}
	m.Role, m.AddTime, m.Removed = role, now, false
	return []Event{MemberAdded}, nil
}

// Remove takes the member out of the team.
func (m *Member) Remove() ([]Event, error) {
	if m.Removed {
		return nil, fault.New(fault.NotFound, "MEMBER_NOT_FOUND", "there is no member %s", m.Name).With("name", m.Name)
	}
	m.Removed = true
	return []Event{MemberRemoved}, nil
}
