// Package domain holds the rules of identity: users, teams, members and tokens. It knows no clock, no database and no
// random numbers; what it needs of them is passed in.
package domain

// Event is a fact about a user, a team, a member or a token. The store adds the thing itself to what is recorded.
type Event string

// The facts that this service records. Each is the name of its data message in the contract.
const (
	UserCreated     Event = "UserCreated"
	UserUpdated     Event = "UserUpdated"
	UserDeactivated Event = "UserDeactivated"
	UserReactivated Event = "UserReactivated"
	TeamCreated     Event = "TeamCreated"
	TeamUpdated     Event = "TeamUpdated"
	TeamDeactivated Event = "TeamDeactivated"
	TeamReactivated Event = "TeamReactivated"
	MemberAdded     Event = "MemberAdded"
	MemberUpdated   Event = "MemberUpdated"
	MemberRemoved   Event = "MemberRemoved"
	TokenCreated    Event = "TokenCreated"
	TokenUpdated    Event = "TokenUpdated"
	TokenRevoked    Event = "TokenRevoked"
)
