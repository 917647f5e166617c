package live

import (
	"encoding/base64"
	"maps"
	"math"
	"strings"
	"testing"
)

func TestPositionsComeBack(t *testing.T) {
	for name, position := range map[string]Position{
		"nothing":           {},
		"a UUID":            {"cycle": {"0195b3c0-7c1e-7a52-9c0e-5f3f6f0f9a11", 12}},
		"no epoch":          {"cycle": {"", 0}},
		"another epoch":     {"cycle": {"epoch 7", 12}},
		"capital letters":   {"cycle": {"0195B3C0-7C1E-7A52-9C0E-5F3F6F0F9A11", 12}},
		"sixteen letters":   {"cycle": {"sixteen--letters", 1}},
		"the largest":       {"cycle": {"e", math.MaxInt64}},
		"several":           {"cycle": {"a", 1}, "knowledge": {"b", 2}, "identity": {"c", 300}},
		"the longest names": {strings.Repeat("s", maxName): {strings.Repeat("e", maxEpoch), 1}},
	} {
		got, err := ParsePosition(position.String())
		if err != nil || !maps.Equal(got, position) {
			t.Errorf("%s: %q came back as %v, %v", name, position, got, err)
		}
	}
}

func TestAPositionIsShort(t *testing.T) {
	position := Position{}
	for _, source := range []string{"identity", "cycle", "experiment", "retrospective", "knowledge", "report", "notification"} {
		position[source] = Point{"0195b3c0-7c1e-7a52-9c0e-5f3f6f0f9a11", 100_000}
	}
	if n := len(position.String()); n > 300 {
		t.Errorf("an id of %d characters goes with every event", n)
	}
}

func TestWhatIsNoPosition(t *testing.T) {
	encode := func(raw ...byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
	for name, text := range map[string]string{
		"a number":             "48211",
		"no base64":            "!!!",
		"padding":              Position{"c": {"e", 1}}.String() + "=",
		"another version":      encode(2),
		"a name that is short": encode(1, 5, 'a'),
		"no name":              encode(1, 0, epochText, 0, 1),
		"an unknown epoch":     encode(1, 1, 'a', 9, 1),
		"half a UUID":          encode(1, 1, 'a', epochUUID, 1, 2, 3),
		"no sequence":          encode(1, 1, 'a', epochText, 0),
		"a huge sequence":      encode(1, 1, 'a', epochText, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
		"a source twice":       encode(1, 1, 'a', epochText, 0, 1, 1, 'a', epochText, 0, 1),
		"a long name":          encode(append([]byte{1, maxName + 1}, make([]byte, 100)...)...),
		"very long":            strings.Repeat("A", maxEncoded+1),
	} {
		if got, err := ParsePosition(text); err == nil {
			t.Errorf("%s: %q was read as %v", name, text, got)
		}
	}
	many := []byte{1}
	for i := range byte(maxSources + 1) {
		many = append(many, 1, i, epochText, 0, 1)
	}
	if _, err := ParsePosition(encode(many...)); err == nil {
		t.Error("too many sources were read")
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add("")
	f.Add("48211")
	f.Add(Position{"cycle": {"0195b3c0-7c1e-7a52-9c0e-5f3f6f0f9a11", 12}, "x": {"e", 1}}.String())
	f.Fuzz(func(t *testing.T, text string) {
		position, err := ParsePosition(text)
		if err != nil {
			return
		}
		again, err := ParsePosition(position.String())
		if err != nil || !maps.Equal(again, position) {
			t.Errorf("%q is %v, and written again %v, %v", text, position, again, err)
		}
		for source, point := range position {
			if source == "" || len(source) > maxName || len(point.Epoch) > maxEpoch || point.Sequence < 0 {
				t.Errorf("%q holds %q %v", text, source, point)
			}
		}
	})
}
