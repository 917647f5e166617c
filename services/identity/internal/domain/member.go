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
	// ProvisionedBy is the provisioning file that owns the membership.
	ProvisionedBy string `json:"provisionedBy,omitempty"`
	// Group is the group at the OpenID provider that gives the membership; every sign-in decides it anew.
	Group string `json:"group,omitempty"`
}

// GroupGrant is a membership that a group at the OpenID provider gives.
type GroupGrant struct {
	// Team is a resource name.
	Team  string
	Role  TeamRole
	Group string
}

// NewMember is a user's place in a team, both given by resource name, before the user is there.
func NewMember(team, user string) *Member {
	return &Member{Name: MemberName(team, user), User: user, Removed: true}
}

// Join puts the user into the team, for the first time or again. Nobody is a member twice.
func (m *Member) Join(role TeamRole, now time.Time) ([]Event, error) {
	if !m.Removed {
		return nil, fault.New(fault.AlreadyExists, "MEMBER_ALREADY_EXISTS", "%s is a member of the team already", m.User).With("name", m.Name)
	}
	m.join(role, now)
	return []Event{MemberAdded}, nil
}

// ChangeRole gives the member another role. A role that a group gives is the group's: the next sign-in would undo the change.
func (m *Member) ChangeRole(role TeamRole) ([]Event, error) {
	if err := m.Present(); err != nil {
		return nil, err
	}
	if m.Role == role {
		return nil, nil
	}
	if err := unowned("member", m.Name, m.ProvisionedBy); err != nil {
		return nil, err
	}
	if m.Group != "" {
		return nil, fault.Unmet("MEMBER_FROM_GROUP", "The membership comes from a group at the OpenID provider.", fault.Violation{
			Field: "member.role", Reason: "MEMBER_FROM_GROUP",
			Description: "Change the group there, or what it gives here; or take the member out of the team and the group, and add the member by hand.",
		}).With("group", m.Group)
	}
	m.Role = role
	return []Event{MemberUpdated}, nil
}

// Remove takes the member out of the team. What a group gives comes back at the user's next sign-in.
func (m *Member) Remove() ([]Event, error) {
	if err := m.Present(); err != nil {
		return nil, err
	}
	if err := unowned("member", m.Name, m.ProvisionedBy); err != nil {
		return nil, err
	}
	return m.leave(), nil
}

// Present is nil while the user is in the team, else the answer as if there had never been such a member.
func (m *Member) Present() error {
	if !m.Removed {
		return nil
	}
	return fault.New(fault.NotFound, "MEMBER_NOT_FOUND", "There is no member %q.", m.Name)
}

// JoinByGroup gives the membership, or the role, that the user's group decides. A membership by hand or by a file stays as
// it is.
func (m *Member) JoinByGroup(g GroupGrant, now time.Time) []Event {
	switch {
	case m.Removed:
		m.join(g.Role, now)
		m.Group = g.Group
		return []Event{MemberAdded}
	case m.Group == "" || m.Role == g.Role && m.Group == g.Group:
		return nil
	}
	m.Role, m.Group = g.Role, g.Group
	return []Event{MemberUpdated}
}

// LeaveGroups ends a membership that a group gave, and no other.
func (m *Member) LeaveGroups() []Event {
	if m.Removed || m.Group == "" {
		return nil
	}
	return m.leave()
}

// Provision makes the membership what a provisioning file says, and the file's own. Other files' memberships are refused.
func (m *Member) Provision(file string, role TeamRole, now time.Time) ([]Event, error) {
	switch {
	case m.Removed:
		m.join(role, now)
		m.ProvisionedBy = file
		return []Event{MemberAdded}, nil
	case m.ProvisionedBy == file && m.Role == role:
		return nil, nil
	}
	if err := ownedBy("member", m.Name, m.ProvisionedBy, file); err != nil {
		return nil, err
	}
	m.Role, m.ProvisionedBy, m.Group = role, file, ""
	return []Event{MemberUpdated}, nil
}

// Withdraw ends a membership that its file names no more.
func (m *Member) Withdraw() []Event {
	if m.Removed || m.ProvisionedBy == "" {
		return nil
	}
	return m.leave()
}

func (m *Member) join(role TeamRole, now time.Time) {
	m.Role, m.AddTime, m.Removed, m.ProvisionedBy, m.Group = role, now, false, "", ""
}

// leave keeps what the membership was, for the event that tells of its end.
func (m *Member) leave() []Event {
	m.Removed = true
	return []Event{MemberRemoved}
}
