package domain

import (
	"slices"
	"testing"
)

func TestGrantScopes(t *testing.T) {
	const user, team = "users/mina", "teams/payments"
	for _, test := range []struct {
		name    string
		owner   string
		wanted  []Scope
		byAdmin bool
		want    []Scope
		reason  string
	}{
		{"nothing said", user, nil, false, []Scope{ScopeWrite}, ""},
		{"nothing said, by an admin", user, nil, true, []Scope{ScopeWrite}, ""},
		{"to read", user, []Scope{ScopeRead}, false, []Scope{ScopeRead}, ""},
		{"for MCP", user, []Scope{ScopeMCP}, false, []Scope{ScopeMCP}, ""},
		{"several", user, []Scope{ScopeMCP, ScopeWrite, ScopeRead, ScopeWrite}, false, []Scope{ScopeRead, ScopeWrite, ScopeMCP}, ""},
		{"admin, by an admin", user, []Scope{ScopeAdmin}, true, []Scope{ScopeAdmin}, ""},
		{"admin, by another", user, []Scope{ScopeAdmin}, false, nil, "TOKEN_SCOPE_ADMIN"},
		{"admin among others, by another", user, []Scope{ScopeRead, ScopeAdmin}, false, nil, "TOKEN_SCOPE_ADMIN"},
		{"a bot's, for a user", user, []Scope{"bot:payments"}, true, nil, "TOKEN_SCOPE_FOR_BOTS"},
		{"one that is none", user, []Scope{"root"}, true, nil, "TOKEN_SCOPE_UNKNOWN"},
		{"an empty one", user, []Scope{""}, true, nil, "TOKEN_SCOPE_UNKNOWN"},
		{"nothing said, for a bot", team, nil, false, []Scope{"bot:payments"}, ""},
		{"its own, for a bot", team, []Scope{"bot:payments"}, false, []Scope{"bot:payments"}, ""},
		{"another team's, for a bot", team, []Scope{"bot:search"}, true, nil, "TOKEN_SCOPE_NOT_FOR_BOTS"},
		{"a longer team's, for a bot", team, []Scope{"bot:payments-2"}, true, nil, "TOKEN_SCOPE_NOT_FOR_BOTS"},
		{"a user's, for a bot", team, []Scope{ScopeRead}, true, nil, "TOKEN_SCOPE_NOT_FOR_BOTS"},
		{"more than its own, for a bot", team, []Scope{"bot:payments", ScopeAdmin}, true, nil, "TOKEN_SCOPE_NOT_FOR_BOTS"},
		{"for MCP, for a bot", team, []Scope{ScopeMCP}, true, nil, "TOKEN_SCOPE_NOT_FOR_BOTS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := GrantScopes(test.owner, test.wanted, test.byAdmin)
			if r := reason(t, err); r != test.reason || !slices.Equal(got, test.want) {
				t.Errorf("scopes = %v, reason %q; want %v, %q", got, r, test.want, test.reason)
			}
		})
	}
}
