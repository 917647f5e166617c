package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

// TeamRole is what a user is in a team; empty when the user does not belong to it.
type TeamRole string

// The roles in a team.
const (
	RoleMember TeamRole = "MEMBER"
	RoleCoach  TeamRole = "COACH"
	RoleViewer TeamRole = "VIEWER"
)

// Suits decides whether somebody with that role may have the part of a coaching session that field names. The coach has the role,
// the learner works in the team, and a second coach only watches.
func Suits(field, user string, role TeamRole) error {
	switch {
	case role == "":
		return fault.Invalid(sessionField(field), "NOT_OF_THE_TEAM", "%q does not belong to the team", user)
	case field == "coach" && role != RoleCoach:
		return fault.Invalid(sessionField(field), "NOT_A_COACH", "%q is no coach of the team; name one who is", user)
	case field == "learner" && role == RoleViewer:
		return fault.Invalid(sessionField(field), "LEARNER_ONLY_READS", "%q only reads in the team; the learner is a member or a coach of it", user)
	}
	return nil
}
