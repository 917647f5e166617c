package live

import (
	"bytes"
	"testing"
)

func TestFrames(t *testing.T) {
	for _, test := range []struct{ name, event, data, want string }{
		{"plain", "t.A", `{"a":1}`, "id: i\nevent: t.A\ndata: {\"a\":1}\n\n"},
		{"several lines", "t.A", "{\n}", "id: i\nevent: t.A\ndata: {\ndata: }\n\n"},
		{"nothing can end a field", "t.A\r\ndata: x", "a\rid: x", "id: i\nevent: t.A  data: x\ndata: a id: x\n\n"},
	} {
		var b bytes.Buffer
		if appendFrame(&b, "i", test.event, test.data); b.String() != test.want {
			t.Errorf("%s: %q", test.name, b.String())
		}
	}
	var b bytes.Buffer
	appendPing(&b, "")
	appendPing(&b, "i")
	if want := ": ping\n\n: ping\nid: i\n\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
}
