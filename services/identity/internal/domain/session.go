package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// How long a session lives unless the operator says otherwise.
const (
	DefaultSessionIdle     = 24 * time.Hour
	DefaultSessionLifetime = 30 * 24 * time.Hour
	// usePrecision is how exactly the last use of a session is known: a write each time would cost more than it tells.
	usePrecision = time.Minute
)

// SignInMethod is how a session was opened.
type SignInMethod string

// The ways to sign in.
const (
	ByLink     SignInMethod = "LINK"
	ByProvider SignInMethod = "PROVIDER"
)

// SessionLimits say how long a session lives.
type SessionLimits struct {
	// Idle is how long a session lives without being used; DefaultSessionIdle when zero.
	Idle time.Duration
	// Lifetime is how long it lives at most; DefaultSessionLifetime when zero.
	Lifetime time.Duration
}

// Settle fills in what is not given, and refuses what cannot be.
func (l SessionLimits) Settle() (SessionLimits, error) {
	if l.Idle == 0 {
		l.Idle = DefaultSessionIdle
	}
	if l.Lifetime == 0 {
		l.Lifetime = DefaultSessionLifetime
	}
	if l.Idle < 2*usePrecision {
		return l, fault.New(fault.InvalidArgument, "SESSION_IDLE_TOO_SHORT", "a session must live for 2 minutes at least without being used, not %s", l.Idle)
	}
	if l.Lifetime < l.Idle {
		return l, fault.New(fault.InvalidArgument, "SESSION_LIFETIME_TOO_SHORT", "a session cannot live %s at most and %s without being used", l.Lifetime, l.Idle)
	}
	return l, nil
}

// Session is a browser that is signed in. It never holds its secret.
type Session struct {
	Name    string
	User    string
	Method  SignInMethod
	Account string // the account at the provider that it was opened with, by name
	Address string
	Agent   string
	// CreateTime and LastUseTime are when it was opened and last used, the latter to the minute.
	CreateTime, LastUseTime time.Time
	// Idle is how long it lives without being used, EndTime when it ends at the latest.
	Idle    time.Duration
	EndTime time.Time
}

// NewSession opens a session: name, user, method, account, address and agent are taken from s.
func NewSession(s Session, limits SessionLimits, now time.Time) Session {
	s.CreateTime, s.LastUseTime, s.Idle, s.EndTime = now, now.Truncate(usePrecision), limits.Idle, now.Add(limits.Lifetime)
	return s
}

// SessionName is the resource name of the session with the given id of a user, given by resource name.
func SessionName(user, id string) string { return user + "/sessions/" + id }

// ExpireTime is when the session ends if nobody uses it before.
func (s *Session) ExpireTime() time.Time {
	// Counted from the end of the minute of the last use, so that nobody is sent away early.
	if idle := s.LastUseTime.Add(usePrecision + s.Idle); idle.Before(s.EndTime) {
		return idle
	}
	return s.EndTime
}

// Live tells whether the session lets its user in.
func (s *Session) Live(now time.Time) bool { return now.Before(s.ExpireTime()) }

// Use notes that the session is used; false means that it was noted in this minute already.
func (s *Session) Use(now time.Time) bool {
	at := now.Truncate(usePrecision)
	if !at.After(s.LastUseTime) {
		return false
	}
	s.LastUseTime = at
	return true
}
