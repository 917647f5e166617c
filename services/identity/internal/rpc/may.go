package rpc

import "github.com/fortnighthq/fortnight/services/internal/platform/caller"

// What the options of the contract leave to this service is decided here, by functions of the caller and of whose row it is.

// mayListEveryTeam decides whether a caller is shown all teams; others are shown theirs, and those that are open.
func mayListEveryTeam(c caller.Caller) bool {
	return !c.Anonymous() && (c.Admin || c.Manager || c.Service)
}

// mayReadDetails decides whether a caller may see the address of a user, given by resource name, and where the user is from. Names
// are for everybody.
func mayReadDetails(c caller.Caller, user string) bool {
	return !c.Anonymous() && (c.Admin || c.Service || c.Subject == user)
}

// mayReadRoles decides whether a caller may see the roles of a user in the organisation: everybody but bots, which only need names.
func mayReadRoles(c caller.Caller, user string) bool {
	return mayReadDetails(c, user) || !c.Anonymous() && c.Bot() == ""
}

// mayGiveAdmin decides whether a caller may make a token with the scope admin.
func mayGiveAdmin(c caller.Caller) bool { return !c.Anonymous() && !c.ReadOnly && c.Admin }
