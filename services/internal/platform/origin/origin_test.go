package origin_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("a", 300)
	for text, want := range map[string]origin.Origin{
		"rest 192.0.2.7 curl/8.9":           {Door: origin.REST, Address: "192.0.2.7", UserAgent: "curl/8.9"},
		"pages 2001:db8::1 Mozilla/5 (X)":   {Door: origin.Pages, Address: "2001:db8::1", UserAgent: "Mozilla/5 (X)"},
		"mcp 192.0.2.7 an-assistant/1.0":    {Door: origin.MCP, Address: "192.0.2.7", UserAgent: "an-assistant/1.0"},
		"grpc ::ffff:192.0.2.7":             {Door: origin.GRPC, Address: "192.0.2.7"},
		"grpc fe80::1%eth0":                 {Door: origin.GRPC, Address: "fe80::1"},
		"pages 2001:DB8:0::1":               {Door: origin.Pages, Address: "2001:db8::1"},
		"command_line -":                    {Door: origin.CommandLine},
		"program":                           {Door: origin.Program},
		"rest - agent":                      {Door: origin.REST, UserAgent: "agent"},
		"rest host.example agent":           {Door: origin.REST, UserAgent: "agent"},
		"rest 192.0.2.7:80 agent":           {Door: origin.REST, UserAgent: "agent"},
		"rest 192.0.2.7  a\x00b\nc\u202ed ": {Door: origin.REST, Address: "192.0.2.7", UserAgent: "abcd"},
		"rest - " + long:                    {Door: origin.REST, UserAgent: long[:200]},
		"":                                  {},
		"REST 192.0.2.7":                    {},
		"window 192.0.2.7":                  {},
		" rest 192.0.2.7":                   {},
		"rest\t192.0.2.7":                   {},
	} {
		t.Run(text[:min(len(text), 40)], func(t *testing.T) {
			if got := origin.Parse(text); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"rest 192.0.2.7 curl/8.9", "grpc -", "program", "pages ::1 \x00", "rest  - ", "rest - " + strings.Repeat(" a", 150)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := origin.Parse(text)
		if again := origin.Parse(o.String()); o.Door != "" && again != o {
			t.Fatalf("%q is %+v, written %q, read again %+v", text, o, o.String(), again)
		}
		for _, r := range o.UserAgent {
			if r < ' ' || r > '~' {
				t.Errorf("%q lets %q through", text, r)
			}
		}
		if len(o.UserAgent) > 200 || strings.TrimSpace(o.UserAgent) != o.UserAgent {
			t.Errorf("user agent %q", o.UserAgent)
		}
		if o.Address != "" {
			if ip, err := netip.ParseAddr(o.Address); err != nil || ip.String() != o.Address || ip.Zone() != "" || ip.Is4In6() {
				t.Errorf("address %q", o.Address)
			}
		}
		if o.Door == "" && o != (origin.Origin{}) {
			t.Errorf("no door, but %+v", o)
		}
	})
}

func TestContext(t *testing.T) {
	if got := origin.From(context.Background()); got != (origin.Origin{}) {
		t.Errorf("an empty context carries %+v", got)
	}
	want := origin.Origin{Door: origin.Pages, Address: "192.0.2.7"}
	if got := origin.From(origin.With(context.Background(), want)); got != want {
		t.Errorf("got %+v back", got)
	}
}

func TestIncoming(t *testing.T) {
	for name, c := range map[string]struct {
		values []string
		want   origin.Door
	}{
		"one":         {[]string{"rest 192.0.2.7"}, origin.REST},
		"none":        {nil, ""},
		"two":         {[]string{"rest 192.0.2.7", "program -"}, ""},
		"not of ours": {[]string{"somewhere"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := metadata.NewIncomingContext(context.Background(), metadata.MD{origin.MetadataKey: c.values})
			if got := origin.Incoming(ctx).Door; got != c.want {
				t.Errorf("door %q, want %q", got, c.want)
			}
		})
	}
}
