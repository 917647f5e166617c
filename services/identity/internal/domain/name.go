package domain

import (
	"strings"

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

// TokenName is the resource name of the token with the given id of a user, given by resource name.
func TokenName(user, id string) string { return user + "/tokens/" + id }

// ID is the last part of a resource name.
func ID(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// Parent is a resource name without its last two parts; empty at the top.
func Parent(name string) string {
	parts := strings.Split(name, "/")
	return strings.Join(parts[:max(len(parts)-2, 0)], "/")
}

// displayName trims the name that others see, and refuses one of nothing but spaces.
func displayName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", fault.Invalid(field, "DISPLAY_NAME_EMPTY", "a display name needs at least one visible character")
	}
	return name, nil
}
