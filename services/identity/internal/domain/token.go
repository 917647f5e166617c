package domain

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// How long a token lives.
const (
	DefaultTokenLifetime = 90 * 24 * time.Hour
	MaxTokenLifetime     = 400 * 24 * time.Hour
)

// Token is an API token of a user, or of a team for one of its bots. It never holds its secret, nor the secret's hash.
type Token struct {
	Name        string    `json:"name"`
	DisplayName string    `json:"displayName"`
	Scopes      []Scope   `json:"scopes"`
	ExpireTime  time.Time `json:"expireTime"`
	RevokeTime  time.Time `json:"revokeTime,omitzero"`
	// ProvisionedBy is the provisioning file that owns the token.
	ProvisionedBy string `json:"provisionedBy,omitempty"`
}

// NewToken checks a token that is about to be created. Without an expire time it lives for DefaultTokenLifetime; byAdmin is
// that of GrantScopes.
func NewToken(t Token, byAdmin bool, now time.Time) (*Token, []Event, error) {
	t.RevokeTime = time.Time{}
	if err := t.settle(byAdmin, now); err != nil {
		return nil, nil, err
	}
	return &t, []Event{TokenCreated}, nil
}

// UnmarshalJSON reads a stored token. One from before there were scopes may do everything that its user may.
func (t *Token) UnmarshalJSON(doc []byte) error {
	type stored Token
	if err := json.Unmarshal(doc, (*stored)(t)); err != nil {
		return err
	}
	if len(t.Scopes) == 0 {
		t.Scopes = []Scope{ScopeAdmin}
	}
	return nil
}

// Revoke ends the token at once. A token that was revoked before stays as it is.
func (t *Token) Revoke(now time.Time) ([]Event, error) {
	if !t.RevokeTime.IsZero() {
		return nil, nil
	}
	if err := unowned("token", t.Name, t.ProvisionedBy); err != nil {
		return nil, err
	}
	t.RevokeTime = now
	return []Event{TokenRevoked}, nil
}

// Provision makes the token what a provisioning file says, and the file's own; a revoked one is good again. Other files'
// tokens are refused. newSecret says that the file has another secret for it.
func (t *Token) Provision(file string, change func(*Token), newSecret bool, now time.Time) ([]Event, error) {
	next := *t
	change(&next)
	next.ProvisionedBy, next.RevokeTime = file, time.Time{}
	if reflect.DeepEqual(*t, next) && !newSecret {
		return nil, nil
	}
	if err := ownedBy("token", t.Name, t.ProvisionedBy, file); err != nil {
		return nil, err
	}
	if err := next.settle(true, now); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(*t, next) && !newSecret {
		return nil, nil
	}
	*t = next
	return []Event{TokenUpdated}, nil
}

// Withdraw ends a token that its file names no more.
func (t *Token) Withdraw(now time.Time) []Event {
	if t.ProvisionedBy == "" || !t.RevokeTime.IsZero() {
		return nil
	}
	t.RevokeTime = now
	return []Event{TokenRevoked}
}

// Valid tells whether the token lets its owner in.
func (t *Token) Valid(now time.Time) bool {
	return t.RevokeTime.IsZero() && now.Before(t.ExpireTime)
}

// Bot is the id of the team whose bot uses the token; empty for a user's token.
func (t *Token) Bot() string { return TeamID(t.Name) }

// Reads tells whether the token lets its owner in at the doors of the API. One for MCP only does not.
func (t *Token) Reads() bool {
	return t.Writes() || slices.Contains(t.Scopes, ScopeRead)
}

// Assists tells whether the token lets its owner in at the MCP door. What it may do there its other scopes say; without any it reads.
func (t *Token) Assists() bool { return slices.Contains(t.Scopes, ScopeMCP) }

// Writes tells whether the token lets its owner change anything.
func (t *Token) Writes() bool {
	return t.Admin() || slices.Contains(t.Scopes, ScopeWrite) || t.Bot() != "" && slices.Contains(t.Scopes, BotScope(t.Bot()))
}

// Admin tells whether its owner's role of admin counts with the token.
func (t *Token) Admin() bool { return t.Bot() == "" && slices.Contains(t.Scopes, ScopeAdmin) }

// settle brings the token into its one stored form.
func (t *Token) settle(byAdmin bool, now time.Time) (err error) {
	if t.DisplayName, err = displayName("token.display_name", t.DisplayName); err != nil {
		return err
	}
	if t.Scopes, err = GrantScopes(Parent(t.Name), t.Scopes, byAdmin); err != nil {
		return err
	}
	if t.ExpireTime.IsZero() {
		t.ExpireTime = now.Add(DefaultTokenLifetime)
	}
	switch {
	case !t.ExpireTime.After(now):
		return fault.Invalid("token.expire_time", "EXPIRE_TIME_PAST", "a token must end in the future")
	case t.ExpireTime.After(now.Add(MaxTokenLifetime)):
		return fault.Invalid("token.expire_time", "EXPIRE_TIME_TOO_FAR", "a token lives 400 days at most")
	}
	return nil
}
