package transcode

import "testing"

func TestPathAt(t *testing.T) {
	const text = "{\"a\": 1,\n \"b\": {\"c\": [true, {\"d\": \"ä\", \"e\": null}], \"f\": 2}, \"g\": []}"
	for _, test := range []struct {
		line, column int
		want         string
	}{
		{1, 2, "a"},
		{1, 7, "a"},
		{2, 2, "b"},
		{2, 8, "b.c"},
		{2, 14, "b.c[0]"},
		{2, 21, "b.c[1].d"},
		{2, 26, "b.c[1].d"},
		{2, 31, "b.c[1].e"},
		{2, 36, "b.c[1].e"},
		{2, 44, "b.f"},
		{2, 53, "g"},
		{9, 9, ""},
	} {
		if got := pathAt([]byte(text), offsetOf([]byte(text), test.line, test.column)); got != test.want {
			t.Errorf("line %d, column %d: %q, want %q", test.line, test.column, got, test.want)
		}
	}
}

func FuzzPathAt(f *testing.F) {
	f.Add("{\"a\":[1,{\"b\":2}]}", 1, 5)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		if len(text) > 1000 || line > 1000 || column > 1000 {
			return
		}
		offset := offsetOf([]byte(text), line, column)
		if offset < 0 || offset > len(text) {
			t.Errorf("offset %d in %d bytes", offset, len(text))
		}
		if checkSyntax([]byte(text)) == nil {
			_ = pathAt([]byte(text), offset)
		}
	})
}
