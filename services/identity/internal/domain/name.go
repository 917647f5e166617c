package domain

import (
	"strings"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// UserName is the resource name of the user with the given id.
func UserName(id string) string { return "users/" + id }

// TeamName is the resource name of the team with the given id.
func TeamName(id string) string { return "teams/" + id }

// MemberName is the resource name of a user, both given by resource name, as a member of a team.
func MemberName(team, user string) string {
	return team + "/members/" + strings.TrimPrefix(user, "users/")
}

// TokenName is the resource name of the token with the given id of a user or a team, given by resource name.
func TokenName(owner, id string) string { return owner + "/tokens/" + id }

// TeamID is the id of the team that a resource name begins with; empty when it begins with none.
func TeamID(name string) string {
	rest, ok := strings.CutPrefix(name, "teams/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// ID is the last part of a resource name.
func ID(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// Parent is a resource name without its last two parts; empty at the top.
func Parent(name string) string {
	parts := strings.Split(name, "/")
	return strings.Join(parts[:max(len(parts)-2, 0)], "/")
}

// maxDisplayName is how many characters a display name has at most, as the contract says; files are not checked by it.
const maxDisplayName = 120

// displayName trims the name that others see, and refuses one of nothing but spaces or of too many characters.
func displayName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", fault.Invalid(field, "DISPLAY_NAME_EMPTY", "a display name needs at least one visible character")
	}
	if utf8.RuneCountInString(name) > maxDisplayName {
		return "", fault.Invalid(field, "DISPLAY_NAME_TOO_LONG", "a display name has at most %d characters", maxDisplayName)
	}
	return name, nil
}
