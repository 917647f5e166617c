package picture

import (
	"strings"
	"testing"
)

func TestWrapped(t *testing.T) {
	for in, want := range map[string]string{
		"":               "",
		"one two three":  "one two|three",
		"ein zwei drei":  "ein zwei|drei",
		"übermäßig lang": "übermäß…",
		"a":              "a",
	} {
		if got := strings.Join(Wrapped(in, 8), "|"); got != want {
			t.Errorf("%q is broken into %q, want %q", in, got, want)
		}
	}
}

// What people write is shown on one line, and neither hides a text nor turns it round.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		" one\n\ttwo  ": "one two",
		"pay\u202etnem\u2066s\u200b \x00\x1b[31m": "paytnems [31m",
		"übermäßig 支払い":                           "übermäßig 支払い",
		"\xff\ufeffa":                             "a",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
