package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// How long a token lives.
const (
	DefaultTokenLifetime = 90 * 24 * time.Hour
	MaxTokenLifetime     = 400 * 24 * time.Hour
)

// Token is an API token of a user. It never holds its secret, nor the secret's hash.
type Token struct {
	Name        string    `json:"name"`
	DisplayName string    `json:"displayName"`
	ExpireTime  time.Time `json:"expireTime"`
	RevokeTime  time.Time `json:"revokeTime,omitzero"`
}

// NewToken checks a token that is about to be created. Without an expire time it lives for DefaultTokenLifetime.
func NewToken(t Token, now time.Time) (*Token, []Event, error) {
	var err error
	if t.DisplayName, err = displayName("token.display_name", t.DisplayName); err != nil {
		return nil, nil, err
	}
	if t.ExpireTime.IsZero() {
		t.ExpireTime = now.Add(DefaultTokenLifetime)
	}
	switch {
	case !t.ExpireTime.After(now):
		return nil, nil, fault.Invalid("token.expire_time", "EXPIRE_TIME_PAST", "a token must end in the future")
	case t.ExpireTime.After(now.Add(MaxTokenLifetime)):
		return nil, nil, fault.Invalid("token.expire_time", "EXPIRE_TIME_TOO_FAR", "a token lives 400 days at most")
	}
	t.RevokeTime = time.Time{}
	return &t, []Event{TokenCreated}, nil
}

// Revoke ends the token at once. A token that was revoked before stays as it is.
func (t *Token) Revoke(now time.Time) ([]Event, error) {
	if !t.RevokeTime.IsZero() {
		return nil, nil
	}
	t.RevokeTime = now
	return []Event{TokenRevoked}, nil
}

// Valid tells whether the token lets its user in.
func (t *Token) Valid(now time.Time) bool {
	return t.RevokeTime.IsZero() && now.Before(t.ExpireTime)
}
