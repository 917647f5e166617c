package domain

import (
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Scope is what a token may be used for.
type Scope string

// The scopes. BotScope makes the one that is missing here.
const (
	// ScopeRead lets its user read.
	ScopeRead Scope = "read"
	// ScopeWrite includes ScopeRead.
	ScopeWrite Scope = "write"
	// ScopeAdmin includes ScopeWrite, and lets its user's role of admin count.
	ScopeAdmin Scope = "admin"
	// ScopeMCP lets its user in at the MCP door and nowhere else. Alone it reads there; what else may be done there the other
	// scopes say.
	ScopeMCP Scope = "mcp"

	botScope = "bot:"
)

// scopeOrder is the order in which scopes are stored.
var scopeOrder = []Scope{ScopeRead, ScopeWrite, ScopeAdmin, ScopeMCP}

// BotScope is the scope of the tokens of the team with the given id.
func BotScope(team string) Scope { return botScope + Scope(team) }

// GrantScopes decides which scopes a new token gets. owner is the user or the team that it belongs to, by name; byAdmin says
// that whoever gives it has the role of admin, with a credential that lets the role count. No scope wanted means write, for
// a team's token that of its bots.
func GrantScopes(owner string, wanted []Scope, byAdmin bool) ([]Scope, error) {
	if team := TeamID(owner); team != "" {
		return grantBot(team, wanted)
	}
	if len(wanted) == 0 {
		return []Scope{ScopeWrite}, nil
	}
	for _, scope := range wanted {
		team, bot := strings.CutPrefix(string(scope), botScope)
		switch {
		case bot:
			return nil, fault.Invalid(scopesField, "TOKEN_SCOPE_FOR_BOTS",
				"a user's token cannot have the scope %s: create the token under teams/%s/tokens", scope, team)
		case !slices.Contains(scopeOrder, scope):
			return nil, fault.Invalid(scopesField, "TOKEN_SCOPE_UNKNOWN", "%q is not a scope: read, write, admin and mcp are", string(scope))
		case scope == ScopeAdmin && !byAdmin:
			return nil, fault.Unmet("TOKEN_SCOPE_ADMIN", "The scope admin is given by admins only.", fault.Violation{
				Field: scopesField, Reason: "TOKEN_SCOPE_ADMIN",
				Description: "Leave admin out, or ask an admin. An admin who uses a token needs one that has the scope admin itself.",
			})
		}
	}
	var granted []Scope
	for _, scope := range scopeOrder {
		if slices.Contains(wanted, scope) {
			granted = append(granted, scope)
		}
	}
	return granted, nil
}

const scopesField = "token.scopes"

// grantBot gives a team's token the one scope that it can have.
func grantBot(team string, wanted []Scope) ([]Scope, error) {
	only := BotScope(team)
	for _, scope := range wanted {
		if scope != only {
			return nil, fault.Invalid(scopesField, "TOKEN_SCOPE_NOT_FOR_BOTS",
				"a token of the team %s has the scope %s and no other: leave scopes out, or give a user a token", team, only)
		}
	}
	return []Scope{only}, nil
}
