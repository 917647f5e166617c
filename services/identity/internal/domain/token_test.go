package domain

import (
	"testing"
	"time"
)

func TestNewToken(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		name    string
		display string
		expire  time.Time
		want    time.Time
		reason  string
	}{
		{"no end given", "CI", time.Time{}, now.Add(90 * day), ""},
		{"an end given", "CI", now.Add(time.Second), now.Add(time.Second), ""},
		{"the longest", "CI", now.Add(400 * day), now.Add(400 * day), ""},
		{"too long", "CI", now.Add(400*day + time.Microsecond), time.Time{}, "EXPIRE_TIME_TOO_FAR"},
		{"now", "CI", now, time.Time{}, "EXPIRE_TIME_PAST"},
		{"over", "CI", now.Add(-day), time.Time{}, "EXPIRE_TIME_PAST"},
		{"no name", "  ", time.Time{}, time.Time{}, "DISPLAY_NAME_EMPTY"},
	} {
		t.Run(test.name, func(t *testing.T) {
			token, events, err := NewToken(Token{DisplayName: test.display, ExpireTime: test.expire, RevokeTime: now}, now)
			if r := reason(t, err); r != test.reason {
				t.Fatalf("reason = %q, want %q", r, test.reason)
			}
			if err != nil {
				return
			}
			happened(t, events, TokenCreated)
			if !token.ExpireTime.Equal(test.want) || !token.Valid(now) {
				t.Errorf("token = %+v, want one that ends at %v", token, test.want)
			}
		})
	}
}

func TestTokenEnds(t *testing.T) {
	token, _, err := NewToken(Token{DisplayName: "CI", ExpireTime: now.Add(time.Hour)}, now)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Duration]bool{0: true, time.Hour - 1: true, time.Hour: false, 2 * time.Hour: false} {
		if token.Valid(now.Add(at)) != want {
			t.Errorf("valid after %v = %v, want %v", at, !want, want)
		}
	}
	events, err := token.Revoke(now)
	if err != nil {
		t.Fatal(err)
	}
	happened(t, events, TokenRevoked)
	if token.Valid(now) {
		t.Error("a revoked token is valid")
	}
	events, err = token.Revoke(now.Add(time.Minute))
	happened(t, events)
	if err != nil || !token.RevokeTime.Equal(now) {
		t.Errorf("a second revocation changed the first: %v, %v", err, token.RevokeTime)
	}
}
