package domain

import (
	"encoding/json"
	"slices"
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
			token, events, err := NewToken(Token{DisplayName: test.display, ExpireTime: test.expire, RevokeTime: now}, false, now)
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
	token, _, err := NewToken(Token{DisplayName: "CI", ExpireTime: now.Add(time.Hour)}, false, now)
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

func TestATokenFromBeforeScopesMayDoEverything(t *testing.T) {
	var old Token
	if err := json.Unmarshal([]byte(`{"name":"users/mina/tokens/ci","displayName":"CI","expireTime":"2026-06-01T00:00:00Z"}`), &old); err != nil {
		t.Fatal(err)
	}
	if !old.Admin() || !old.Writes() || !old.Reads() {
		t.Errorf("scopes = %v", old.Scopes)
	}
}

func TestWhatATokenLetsDo(t *testing.T) {
	const user, team = "users/mina/tokens/x", "teams/payments/tokens/x"
	for _, test := range []struct {
		name               string
		scopes             []Scope
		read, write, admin bool
	}{
		{user, []Scope{ScopeRead}, true, false, false},
		{user, []Scope{ScopeWrite}, true, true, false},
		{user, []Scope{ScopeAdmin}, true, true, true},
		{user, []Scope{ScopeMCP}, false, false, false},
		{user, []Scope{ScopeRead, ScopeMCP}, true, false, false},
		{user, []Scope{BotScope("payments")}, false, false, false},
		{user, nil, false, false, false},
		{team, []Scope{BotScope("payments")}, true, true, false},
		{team, []Scope{BotScope("search")}, false, false, false},
		{team, []Scope{ScopeMCP}, false, false, false},
		{team, []Scope{ScopeAdmin}, false, false, false}, // a bot is never an admin
	} {
		token := Token{Name: test.name, Scopes: test.scopes}
		if token.Reads() != test.read || token.Writes() != test.write || token.Admin() != test.admin {
			t.Errorf("%s with %v: read %v, write %v, admin %v", test.name, test.scopes, token.Reads(), token.Writes(), token.Admin())
		}
	}
}

func TestProvisionedToken(t *testing.T) {
	token, _, err := NewToken(Token{Name: "users/mina/tokens/ci", DisplayName: "CI", ProvisionedBy: "a.yaml"}, true, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Revoke(now); reason(t, err) != "PROVISIONED" || !token.Valid(now) {
		t.Errorf("revoked by hand: %v", err)
	}
	same := func(x *Token) { x.Scopes = []Scope{ScopeWrite} }
	for _, test := range []struct {
		name   string
		file   string
		change func(*Token)
		secret bool
		reason string
		events []Event
	}{
		{"the same again", "a.yaml", same, false, "", nil},
		{"another file", "b.yaml", same, false, "PROVISIONED", nil},
		{"another secret", "a.yaml", same, true, "", []Event{TokenUpdated}},
		{"other scopes", "a.yaml", func(x *Token) { x.Scopes = []Scope{ScopeAdmin, ScopeRead} }, false, "", []Event{TokenUpdated}},
		{"a bot's scope", "a.yaml", func(x *Token) { x.Scopes = []Scope{"bot:payments"} }, false, "TOKEN_SCOPE_FOR_BOTS", nil},
	} {
		events, err := token.Provision(test.file, test.change, test.secret, now)
		if r := reason(t, err); r != test.reason {
			t.Fatalf("%s: reason %q, want %q", test.name, r, test.reason)
		}
		happened(t, events, test.events...)
	}
	if !slices.Equal(token.Scopes, []Scope{ScopeRead, ScopeAdmin}) {
		t.Errorf("scopes = %v", token.Scopes)
	}
	happened(t, token.Withdraw(now), TokenRevoked)
	happened(t, token.Withdraw(now))
	if token.Valid(now) {
		t.Error("a token that its file names no more is valid")
	}
	events, err := token.Provision("a.yaml", func(*Token) {}, false, now)
	if happened(t, events, TokenUpdated); err != nil || !token.Valid(now) {
		t.Errorf("named again: %v, %+v", err, token)
	}
}
