package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

// Provisioning is what a provisioning file says: everything that it owns.
type Provisioning struct {
	// File is the file's name without its directories; empty when there is none, and nothing is owned.
	File    string
	Users   []ProvisionedUser
	Teams   []ProvisionedTeam
	Members []ProvisionedMember
	Tokens  []ProvisionedToken
}

// ProvisionedUser is a user that a file owns.
type ProvisionedUser struct {
	Place
	User User
}

// ProvisionedTeam is a team that a file owns, with all its settings.
type ProvisionedTeam struct {
	Place
	Team Team
}

// ProvisionedMember is a membership that a file owns. Team and User are resource names.
type ProvisionedMember struct {
	Place
	Team, User string
	Role       TeamRole
}

// ProvisionedToken is a token that a file owns. Its ExpireTime is zero when the file does not say when it ends.
type ProvisionedToken struct {
	Place
	Token Token
	// Hash is the SHA-256 of its secret, hexadecimal.
	Hash string
}

// Apply makes a user what the file says. What others decide stays: roles by groups, and what an import knows the user by.
func (p ProvisionedUser) Apply(u *User) {
	u.DisplayName, u.Email, u.Roles, u.Deactivated = p.User.DisplayName, p.User.Email, p.User.Roles, false
}

// Apply makes a team what the file says, except for what an import knows it by.
func (p ProvisionedTeam) Apply(t *Team) {
	external := t.ExternalID
	*t = p.Team
	t.ExternalID = external
}

// Apply makes a token what the file says. Without an end in the file it lives for DefaultTokenLifetime, from when it got its
// secret.
func (p ProvisionedToken) Apply(t *Token, newSecret bool) {
	begins := newSecret || !t.RevokeTime.IsZero()
	t.DisplayName, t.Scopes = p.Token.DisplayName, p.Token.Scopes
	if begins || !p.Token.ExpireTime.IsZero() {
		t.ExpireTime = p.Token.ExpireTime
	}
}

// Release gives a membership whose file is no more back to the coaches of the team.
func (m *Member) Release() []Event {
	if m.Removed || m.ProvisionedBy == "" {
		return nil
	}
	m.ProvisionedBy = ""
	return []Event{MemberUpdated}
}

// Release gives a token whose file is no more back to its owner.
func (t *Token) Release() []Event {
	if !t.RevokeTime.IsZero() || t.ProvisionedBy == "" {
		return nil
	}
	t.ProvisionedBy = ""
	return []Event{TokenUpdated}
}

// CheckAdmins refuses a file that would leave people here and nobody who may do everything.
func (p Provisioning) CheckAdmins(users, admins int) error {
	if users == 0 || admins > 0 {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "PROVISIONING_LEAVES_NO_ADMIN",
		"The provisioning file would leave nobody who may do everything: give a user of the file the organisation role admin.")
}
