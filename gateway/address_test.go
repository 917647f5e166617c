package gateway_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/gateway"
)

func TestWhereARequestComesFrom(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:f::/48")}
	for _, test := range []struct {
		name    string
		trusted []netip.Prefix
		header  []string
		want    string
	}{
		{"nobody is trusted", nil, []string{"203.0.113.7"}, "127.0.0.1"},
		{"others are trusted", proxies[1:], []string{"203.0.113.7"}, "127.0.0.1"},
		{"one proxy", proxies, []string{"203.0.113.7"}, "203.0.113.7"},
		{"a chain", proxies, []string{"203.0.113.7, 10.1.2.3"}, "203.0.113.7"},
		{"the client has written one, too", proxies, []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		{"the client has written a proxy's", proxies, []string{"10.9.9.9, 203.0.113.7, 10.1.2.3"}, "203.0.113.7"},
		{"two headers", proxies, []string{"198.51.100.1", "203.0.113.7, 10.1.2.3"}, "203.0.113.7"},
		{"with a port", proxies, []string{"203.0.113.7:4711"}, "203.0.113.7"},
		{"IPv6 with a port", proxies, []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		{"IPv4 in IPv6", proxies, []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"a proxy by IPv6", proxies, []string{"203.0.113.7,2001:db8:f::1"}, "203.0.113.7"},
		{"only proxies", proxies, []string{"10.1.1.1, 10.1.2.3"}, "10.1.1.1"},
		{"no address", proxies, []string{"unknown"}, "127.0.0.1"},
		{"what stands before no address is not believed", proxies, []string{"198.51.100.1, unknown, 10.1.2.3"}, "10.1.2.3"},
		{"nothing", proxies, []string{""}, "127.0.0.1"},
		{"none", proxies, nil, "127.0.0.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(c *gateway.Config) { c.TrustedProxies = test.trusted })
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+cyclePath, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("User-Agent", "a client/1.0 (test)")
			request.Header["X-Forwarded-For"] = test.header
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if got := w.last().md.Get("fortnight-origin"); len(got) != 1 || got[0] != "rest "+test.want+" a client/1.0 (test)" {
				t.Errorf("the origin is %q", got)
			}
		})
	}
}

func TestTheDoorIsTold(t *testing.T) {
	w := newWorld(t)
	w.guest("GET", "/sign-in", "", "User-Agent", "Browser/1")
	if got := w.last().md.Get("fortnight-origin"); len(got) != 1 || got[0] != "pages 127.0.0.1 Browser/1" {
		t.Errorf("the origin is %q", got)
	}
	w.browse("GET", cyclePath, "", "User-Agent", "Browser/1")
	for _, c := range w.calls {
		if got := strings.Join(c.md.Get("fortnight-origin"), "|"); !strings.HasSuffix(got, " 127.0.0.1 Browser/1") {
			t.Errorf("%s got the origin %q", c.method, got)
		}
	}
}

func TestTheAddressThatProxiesName(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	for _, test := range []struct {
		name     string
		change   func(*gateway.Config)
		headers  []string
		redirect string
		cookie   string
	}{
		{
			"from a trusted proxy", func(c *gateway.Config) { c.TrustedProxies = trusted },
			[]string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "kata.example.org"},
			"https://kata.example.org/sign-in/callback", "__Host-fortnight-sign-in",
		},
		{
			"from a trusted proxy that says nothing of use", func(c *gateway.Config) { c.TrustedProxies = trusted },
			[]string{"X-Forwarded-Proto", "gopher", "X-Forwarded-Host", "a b"},
			"OWN/sign-in/callback", "fortnight-sign-in",
		},
		{
			"from anybody", func(*gateway.Config) {},
			[]string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"},
			"OWN/sign-in/callback", "fortnight-sign-in",
		},
		{
			"when the operator has said it", func(c *gateway.Config) { c.TrustedProxies, c.PublicURL = trusted, "https://kata.example.com/" },
			[]string{"X-Forwarded-Proto", "http", "X-Forwarded-Host", "evil.example"},
			"https://kata.example.com/sign-in/callback", "__Host-fortnight-sign-in",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.change)
			a := w.guest("GET", "/sign-in/provider", "", test.headers...)
			if got := w.identity.begun.GetRedirectUri(); got != strings.ReplaceAll(test.redirect, "OWN", w.url) {
				t.Errorf("the redirect URI is %q", got)
			}
			if a.cookie(test.cookie) == nil {
				t.Errorf("the cookies are %v", a.Header.Values("Set-Cookie"))
			}
		})
	}
	// A page that came through such a proxy may post back.
	w := newWorld(t, func(c *gateway.Config) { c.TrustedProxies = trusted })
	w.do("POST", cyclePath+":advance", "{}", "Authorization", "", "Cookie", hostCookie+"="+minaSession, "X-Forwarded-Proto", "https",
		"X-Forwarded-Host", "kata.example.org", "Origin", "https://kata.example.org", "X-Fortnight-Csrf", proof(minaSession)).wantOK(t)
}
