package caller_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// bot is a token of the team payments that acts as one of its members.
func bot() caller.Caller {
	return caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}}
}

func readOnly(c caller.Caller) caller.Caller { c.ReadOnly = true; return c }

func seeing(c caller.Caller, open ...string) caller.Caller { c.OpenTeams = open; return c }

func TestRightsOfCredentialsAndOpenTeams(t *testing.T) {
	for name, c := range map[string]struct {
		caller                     caller.Caller
		inTeam, read, write, coach bool
	}{
		"bot of the team":                       {bot(), true, true, true, false},
		"bot of another team":                   {caller.Caller{Subject: "teams/search/tokens/slack", Teams: map[string]caller.Role{"search": caller.Member}}, false, false, false, false},
		"bot without a role":                    {caller.Caller{Subject: "teams/payments/tokens/slack"}, false, false, false, false},
		"member who may only read":              {readOnly(callertest.User("mina", "payments", caller.Member)), true, true, false, false},
		"coach who may only read":               {readOnly(callertest.User("mina", "payments", caller.Coach)), true, true, false, false},
		"admin who may only read":               {readOnly(callertest.Admin("mina")), false, true, false, false},
		"service that may only read":            {readOnly(callertest.Service("cycle")), false, true, false, false},
		"somebody, the team is open":            {seeing(callertest.User("mo", "", ""), "design", "payments", "search"), false, true, false, false},
		"coach of another, the team is open":    {seeing(callertest.User("mo", "search", caller.Coach), "payments"), false, true, false, false},
		"somebody, other teams are open":        {seeing(callertest.User("mo", "", ""), "payment", "payments2"), false, false, false, false},
		"nobody, the team is open":              {seeing(caller.Caller{}, "payments"), false, false, false, false},
		"member of an open team":                {seeing(callertest.User("mo", "payments", caller.Member), "payments"), true, true, true, false},
		"bot of another team, the team is open": {seeing(caller.Caller{Subject: "teams/search/tokens/slack", Teams: map[string]caller.Role{"search": caller.Member}}, "payments"), false, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := []bool{c.caller.InTeam("payments"), c.caller.CanRead("payments"), c.caller.CanWrite("payments"), c.caller.CanCoach("payments")}
			if want := []bool{c.inTeam, c.read, c.write, c.coach}; !reflect.DeepEqual(got, want) {
				t.Errorf("in team, read, write, coach: %v, want %v", got, want)
			}
			if c.caller.InTeam("") || c.caller.CanRead("") || c.caller.CanWrite("") || c.caller.CanCoach("") {
				t.Error("a right on no team at all")
			}
		})
	}
}

func TestBot(t *testing.T) {
	for subject, want := range map[string]string{
		"teams/payments/tokens/slack": "payments", "users/mina": "", "services/cycle": "", "": "", "teams": "", "teams/": "",
	} {
		if got := (caller.Caller{Subject: subject}).Bot(); got != want {
			t.Errorf("%q is the bot of %q, want %q", subject, got, want)
		}
	}
	if got := (caller.Caller{Subject: "teams/payments/tokens/slack", Service: true}).Bot(); got != "" {
		t.Errorf("a service is the bot of %q", got)
	}
	for _, user := range []string{"", "payments", "slack", "teams/payments/tokens/slack"} {
		if bot().Is(user) {
			t.Errorf("a bot is the user %q", user)
		}
	}
}

func TestMayAsk(t *testing.T) {
	for name, c := range map[string]struct {
		audience []string
		want     bool
	}{
		"everybody":        {nil, true},
		"this service":     {[]string{"cycle"}, true},
		"several":          {[]string{"report", "cycle"}, true},
		"another":          {[]string{"identity"}, false},
		"a similar name":   {[]string{"cycles", "cycl", "Cycle"}, false},
		"an empty service": {[]string{""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (caller.Caller{Audience: c.audience}).MayAsk("cycle"); got != c.want {
				t.Errorf("MayAsk = %v", got)
			}
		})
	}
}

func TestEveryPartOfACallerTravels(t *testing.T) {
	for name, c := range map[string]caller.Caller{
		"bot":        bot(),
		"read only":  readOnly(callertest.User("mina", "payments", caller.Coach)),
		"open teams": seeing(callertest.Manager("mina"), "payments", "search"),
		"audience":   {Subject: "users/mina", Audience: []string{"cycle", "identity"}},
		"everything": {Subject: "users/mina", Admin: true, Manager: true, ReadOnly: true, Teams: map[string]caller.Role{"payments": caller.Viewer}, OpenTeams: []string{"search"}, Audience: []string{"report"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := callertest.New((&clock{start}).Now)
			token, _, err := a.Minter.Mint(c)
			if err != nil {
				t.Fatal(err)
			}
			want := c
			want.Token = token
			for range 2 {
				got, err := a.Verifier.Verify(context.Background(), token)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			}
		})
	}
}

// subjects of no form that there is, with and without the claim to be a service. Neither a minter that is told to nor
// a verifier whose key signed them lets them be anybody.
func TestSubjectsThatAreNobody(t *testing.T) {
	a := callertest.New((&clock{start}).Now)
	for _, c := range []struct {
		subject string
		service bool
	}{
		{"teams/payments/tokens/slack", true},
		{"users/mina", true},
		{"services/cycle", false},
		{"teams/payments/tokens/", false},
		{"teams//tokens/slack", false},
		{"teams/payments", false},
		{"teams/payments/tokens", false},
		{"teams/payments/members/mina", false},
		{"teams/payments/tokens/slack/x", false},
		{"/teams/payments/tokens/slack", false},
		{"Teams/payments/tokens/slack", false},
		{"teams/payments/Tokens/slack", false},
		{"users/mina/tokens/slack", false},
		{"users/", false},
		{"users//", false},
		{"services/", true},
		{"services/cycle/x", true},
		{"mina", false},
		{"", false},
		{"", true},
	} {
		if token, _, err := a.Minter.Mint(caller.Caller{Subject: c.subject, Service: c.service}); err == nil {
			t.Errorf("%q (service %v) got the token %s", c.subject, c.service, token)
		}
		claims := map[string]any{"iss": "fortnight/identity", "aud": "fortnight", "sub": c.subject, "svc": c.service, "exp": start.Unix() + 60}
		token := forgery(t, map[string]any{"alg": "EdDSA", "kid": a.Minter.KeyID}, claims, func(text string) []byte { return ed25519.Sign(a.Minter.Key, []byte(text)) })
		if got, err := a.Verifier.Verify(context.Background(), token); err == nil || fault.From(err).Reason != caller.ReasonInvalid {
			t.Errorf("%q (service %v) is %+v, %v", c.subject, c.service, got, err)
		}
	}
}

// signedText is a token of claims that are written as they stand, so that a field may be there twice.
func signedText(a *callertest.Authority, claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	text := part([]byte(`{"alg":"EdDSA","kid":"`+a.Minter.KeyID+`"}`)) + "." + part([]byte(claims))
	return text + "." + part(ed25519.Sign(a.Minter.Key, []byte(text)))
}

func TestClaimsThatNobodyMints(t *testing.T) {
	a := callertest.New((&clock{start}).Now)
	claims := func(more string) string {
		return `{"iss":"fortnight/identity","aud":["fortnight"],"exp":` + "1780909260" + more + `}`
	}
	if start.Unix()+60 != 1780909260 {
		t.Fatal("the claims end at another time than they should")
	}
	for name, c := range map[string]struct {
		more string
		want string // the subject; empty when the token is refused
	}{
		"plain":                     {`,"sub":"users/mina"`, "users/mina"},
		"fields that nobody knows":  {`,"sub":"users/mina","role":"admin","scope":"admin","groups":["admins"],"nbf":0`, "users/mina"},
		"user, then service":        {`,"sub":"users/mina","sub":"services/cycle"`, ""},
		"service, then user":        {`,"svc":true,"sub":"services/cycle","sub":"users/mina"`, ""},
		"service twice, last is no": {`,"svc":true,"sub":"services/cycle","svc":false`, ""},
		"a bot that is a service":   {`,"svc":true,"sub":"teams/payments/tokens/slack"`, ""},
		"teams of another form":     {`,"sub":"users/mina","teams":["payments"]`, ""},
		"admin as a text":           {`,"sub":"users/mina","admin":"true"`, ""},
		"open teams as a text":      {`,"sub":"users/mina","open":"payments"`, ""},
		"subject is a list":         {`,"sub":["users/mina"]`, ""},
		"in force later":            {`,"sub":"users/mina","nbf":1780909259`, ""},
		"something behind it":       {`,"sub":"users/mina"}{"admin":true`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := a.Verifier.Verify(context.Background(), signedText(a, claims(c.more)))
			if c.want == "" {
				if err == nil || fault.From(err).Reason != caller.ReasonInvalid {
					t.Fatalf("accepted as %+v, %v", got, err)
				}
				return
			}
			if err != nil || got.Subject != c.want || got.Admin || got.Service || got.Manager || len(got.Teams) > 0 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestARoleThatDoesNotExistGivesNoRight(t *testing.T) {
	a := callertest.New((&clock{start}).Now)
	text := `{"iss":"fortnight/identity","aud":["fortnight"],"exp":1780909260,"sub":"users/mina","teams":{"payments":"owner","":"coach"}}`
	got, err := a.Verifier.Verify(context.Background(), signedText(a, text))
	if err != nil {
		t.Fatal(err)
	}
	if got.CanRead("payments") || got.CanWrite("payments") || got.CanCoach("payments") || got.InTeam("payments") || got.CanCoach("") {
		t.Errorf("rights of %+v", got)
	}
}

func FuzzVerify(f *testing.F) {
	a := callertest.New((&clock{start}).Now)
	token, _, err := a.Minter.Mint(callertest.Admin("mina"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{token, "", "..", token + "=", strings.ToUpper(token)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := a.Verifier.Verify(context.Background(), text); err == nil && (text != token || got.Subject != "users/mina") {
			t.Errorf("%q is %+v", text, got)
		}
	})
}
