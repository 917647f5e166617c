package domain_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

func TestText(t *testing.T) {
	for given, want := range map[string]string{
		"":                                     "",
		" A rota\n\thelps. \n":                 "A rota\n\thelps.",
		"a\r\nb\rc\u2028d\u2029e\u0085f\vg\fh": "a\nb\nc\nd\ne\nf\ng\nh",
		"a\x00b\x1b[31mc\x7f":                  "ab[31mc",
		"a\xffb\xc0\xafc":                      "abc",
		"pay \u202e0001\u202c\u2066\u2069\u200e\u200f\u061c":             "pay 0001",
		"ap\u200bpro\u2060ve\ufeffd\u00ad\u034f\u115f\u3164\u180e\ufff9": "approved",
		"\U000e0041\U000e007fx\ue000\U00100000\ufdd0\uffff":              "x",
		" \u200b\u00a0\u2060 ": "",
		"می\u200cخواهم":        "می\u200cخواهم",
		"क्\u200dष":            "क्\u200dष",
		"pa\u200dy\u200cment":  "payment",
		"п\u200dо":             "по",
		"👩\u200d💻 🏳\ufe0f\u200d🌈 ❤\ufe0f": "👩\u200d💻 🏳\ufe0f\u200d🌈 ❤\ufe0f",
		"👩\u200d\u200d💻\u200d":            "👩\u200d💻",
		"\ufe0fa\ufe0f\ufe0f \ufe0fb":     "a\ufe0f b",
		"\u0600123":                       "\u0600123",
		"¡Así! 日本語 العربية":               "¡Así! 日本語 العربية",
		"<script>":                        "<script>",
	} {
		if got := domain.Text(given); got != want {
			t.Errorf("%+q becomes %+q, want %+q", given, got, want)
		}
	}
	if got := domain.Line(" A\n\n rota\t\u00a0\u202ehelps\u3000. "); got != "A rota helps ." {
		t.Errorf("a line is %q", got)
	}
}

// hostileText has more than its share of what cannot be seen.
var hostileText = rapid.Custom(func(t *rapid.T) string {
	pieces := rapid.SliceOf(rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"\u200b", "\u200c", "\u200d", "\ufe0f", "\u202e", "\u2066", "\xff", "\x00", "\n", " ", "\r", "ا", "क", "\u094d", "👩", "💻", "a", "\u00ad", "\u0600"}),
	)).Draw(t, "pieces")
	return strings.Join(pieces, "")
})

func TestCleanTextIsClean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := hostileText.Draw(t, "given")
		text, line := domain.Text(given), domain.Line(given)
		if domain.Text(text) != text || domain.Line(line) != line {
			t.Fatalf("%+q is not clean, or %+q is not", text, line)
		}
		if utf8.RuneCountInString(text) > utf8.RuneCountInString(given) {
			t.Fatalf("%+q is longer than %+q", text, given)
		}
		for _, c := range text {
			if unicode.Is(unicode.Bidi_Control, c) || unicode.IsControl(c) && c != '\n' && c != '\t' || c == '\u200b' || c == utf8.RuneError &&
				!strings.ContainsRune(given, c) {
				t.Fatalf("%+q holds %U", text, c)
			}
		}
		if strings.ContainsAny(line, "\n\t") {
			t.Fatalf("the line %q", line)
		}
	})
}

// What can be seen stays: letters, digits, marks, punctuation and symbols, in their order.
func TestNothingVisibleIsLost(t *testing.T) {
	visible := rapid.StringOf(rapid.RuneFrom(nil, unicode.Letter, unicode.Digit, unicode.Punct, unicode.Symbol))
	rapid.Check(t, func(t *rapid.T) {
		given := visible.Draw(t, "given")
		want := strings.Map(func(c rune) rune {
			if unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c) { // letters by name, such as the Hangul filler
				return -1
			}
			return c
		}, given)
		if got := domain.Text(given); got != want {
			t.Fatalf("%+q becomes %+q", given, got)
		}
	})
}
