package domain_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

func TestIssuers(t *testing.T) {
	for issuer, ok := range map[string]bool{
		"https://id.example.com": true, "https://id.example.com/realms/work": true, "https://id.example.com/": true, "http://localhost:8080": true,
		"http://127.0.0.1:5556/dex": true, "http://[::1]/": true,
		"": false, "id.example.com": false, "http://id.example.com": false, "http://127.0.0.1.example.com": false, "https://": false,
		"https://id.example.com?x=y": false, "https://id.example.com/?": false, "https://id.example.com#x": false, "https://a:b@id.example.com": false,
		"ftp://localhost": false, "http://localhost.example.com": false,
	} {
		if err := domain.CheckIssuer("issuer", issuer); (err == nil) != ok {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}

func TestIDsOfNewUsers(t *testing.T) {
	taken := map[string]bool{"mina": true, "mina-2": true, strings.Repeat("a", 63): true}
	for name, c := range map[string]struct {
		who  domain.Identity
		want string
	}{
		"name":               {domain.Identity{PreferredUsername: "Ada.Lovelace", Email: "x@y", Subject: "1"}, "ada-lovelace"},
		"name is an address": {domain.Identity{PreferredUsername: "ada@example.com"}, "ada"},
		"address":            {domain.Identity{Email: "grace.hopper@example.com", Subject: "1"}, "grace-hopper"},
		"subject":            {domain.Identity{Subject: "auth0|5f7c"}, "auth0-5f7c"},
		"no letter of ours":  {domain.Identity{PreferredUsername: "Зоя", Email: "з@example.com", Subject: "§§"}, "otherwise"},
		"some letters":       {domain.Identity{PreferredUsername: "__Zoë__"}, "zo"},
		"taken":              {domain.Identity{PreferredUsername: "mina"}, "mina-3"},
		"long":               {domain.Identity{PreferredUsername: strings.Repeat("b", 80)}, strings.Repeat("b", 63)},
		"long and taken":     {domain.Identity{PreferredUsername: strings.Repeat("a", 80)}, strings.Repeat("a", 61) + "-2"},
		"a path":             {domain.Identity{PreferredUsername: "../../users/root"}, "users-root"},
	} {
		got, err := c.who.UserID("otherwise", func(id string) (bool, error) { return taken[id], nil })
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	got, err := domain.Identity{PreferredUsername: "x"}.UserID("otherwise", func(id string) (bool, error) { return id != "otherwise", nil })
	if err != nil || got != "otherwise" {
		t.Errorf("when all is taken: %q, %v", got, err)
	}
}

func TestNewUsersOfIdentities(t *testing.T) {
	long := strings.Repeat("é", 200)
	for name, c := range map[string]struct {
		who         domain.Identity
		show, email string
	}{
		"all":               {domain.Identity{Name: " Ada ", Email: "a@b", EmailVerified: true}, "Ada", "a@b"},
		"not verified":      {domain.Identity{Name: "Ada", Email: "a@b"}, "Ada", ""},
		"no address":        {domain.Identity{Name: "Ada", Email: "a b@c@d", EmailVerified: true}, "Ada", ""},
		"no name":           {domain.Identity{PreferredUsername: "ada"}, "ada", ""},
		"nothing":           {domain.Identity{}, "id", ""},
		"cannot be seen":    {domain.Identity{Name: "\u202e\u200b\n"}, "id", ""},
		"control and bidi":  {domain.Identity{Name: "A\x00d\u202ea\n"}, "Ada", ""},
		"longer than shown": {domain.Identity{Name: long}, long[:240], ""},
	} {
		u := c.who.NewUser("id")
		if u.Name != "users/id" || u.DisplayName != c.show || u.Email != c.email || !utf8.ValidString(u.DisplayName) {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

func TestSameEmail(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Ada@Example.com", "ada@example.COM", true},
		{"", "", false},
		{"ada@x", "ada@y", false},
		{"\u212aate@x", "kate@x", false},
		{"ſam@x", "sam@x", false},
		{"É@x", "é@x", false},
	} {
		if domain.SameEmail(c.a, c.b) != c.same {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.same)
		}
	}
}
