package exchange

import (
	"net/netip"
	"strings"
	"testing"
)

// The form is read by services/internal/platform/origin, whose own test has texts of the same form.
func TestOrigin(t *testing.T) {
	for _, test := range []struct {
		name string
		x    Exchange
		want string
	}{
		{"all of it", Exchange{Door: REST, Address: netip.MustParseAddr("203.0.113.7"), UserAgent: "curl/8.5.0"}, "rest 203.0.113.7 curl/8.5.0"},
		{"spaces in the agent", Exchange{Door: Pages, Address: netip.MustParseAddr("2001:db8::1"), UserAgent: "Mozilla/5.0 (X11; Linux)"}, "pages 2001:db8::1 Mozilla/5.0 (X11; Linux)"},
		{"no agent", Exchange{Door: REST, Address: netip.MustParseAddr("203.0.113.7")}, "rest 203.0.113.7"},
		{"no address", Exchange{Door: REST, UserAgent: "curl"}, "rest - curl"},
		{"IPv4 in IPv6", Exchange{Door: REST, Address: netip.MustParseAddr("::ffff:203.0.113.7")}, "rest 203.0.113.7"},
		{"a zone", Exchange{Door: REST, Address: netip.MustParseAddr("fe80::1%eth0")}, "rest fe80::1"},
		{"other characters", Exchange{Door: REST, UserAgent: "a\x00b\nc\u202ed ü"}, "rest - abcd"},
		{"a long agent", Exchange{Door: REST, UserAgent: strings.Repeat("a", 300)}, "rest - " + strings.Repeat("a", 200)},
		{"outside of a request", Exchange{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.x.Origin(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
