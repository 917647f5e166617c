package domain

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest texts of a learning, in characters, as the contract has them.
const (
	maxClaim   = 500
	maxText    = 4000
	maxProcess = 120
	maxReason  = 1000
	maxReview  = 2000
	maxWords   = 10
)

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
	ellipsis           = "…"
)

// Text is a text of several lines, cleaned of what nobody can see: see Visible. Lines end with a newline only, and no blanks are around
// the whole. What only looks as if it said something is empty. What is clean stays as it is.
func Text(s string) string { return strings.TrimSpace(Visible(s)) }

// Line is Text for what is one line: everything blank between two words is one space.
func Line(s string) string { return strings.Join(strings.Fields(Visible(s)), " ") }

// Visible takes out of a text what has no look of its own and only changes how the rest looks, or hides in it: what is no UTF-8, control
// characters except for newline and tab, everything that turns the direction of writing (Bidi_Control, UAX #9), and what has no width
// (category Cf and Default_Ignorable_Code_Point of UAX #44, such as U+200B, U+2060, U+FEFF, the soft hyphen and tags), what is for private
// use or no character at all. Other ends of lines become newlines.
//
// Three things without a width carry meaning and stay where they do: a joiner or non-joiner between two letters of a script that is
// neither Latin, Greek nor Cyrillic (Persian, the scripts of India), or between two symbols (a family of emoji); one variation selector
// behind what can be seen; and the signs that Arabic puts before a number.
func Visible(s string) string {
	if unremarkable(s) {
		return s
	}
	s = endsOfLines.Replace(strings.ToValidUTF8(s, ""))
	seen := slices.DeleteFunc([]rune(s), hidden)
	kept := make([]rune, 0, len(seen))
	before := func() rune {
		if len(kept) == 0 {
			return '\n'
		}
		return kept[len(kept)-1]
	}
	for i, c := range seen {
		switch {
		case c == zeroWidthJoiner || c == zeroWidthNonJoiner:
			if i+1 == len(seen) || !joined(before(), seen[i+1]) {
				continue
			}
		case unicode.Is(unicode.Variation_Selector, c):
			if b := before(); !unicode.IsGraphic(b) || unicode.IsSpace(b) || unicode.Is(unicode.Variation_Selector, b) || invisible(b) {
				continue
			}
		}
		kept = append(kept, c)
	}
	return string(kept)
}

// endsOfLines makes newlines of everything that ends a line.
var endsOfLines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n", "\v", "\n", "\f", "\n")

// unremarkable tells the common case: ASCII without anything to take out.
func unremarkable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c == 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// hidden tells what is taken out wherever it is.
func hidden(c rune) bool {
	switch {
	case c == '\n' || c == '\t' || c == zeroWidthJoiner || c == zeroWidthNonJoiner || unicode.Is(unicode.Variation_Selector, c):
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, c):
		return false
	}
	return invisible(c)
}

func invisible(c rune) bool {
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs,
		unicode.Bidi_Control, unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// joined tells whether a joiner between two characters means something.
func joined(before, after rune) bool {
	letter := func(c rune) bool {
		return c >= utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsMark(c)) && !unicode.In(c, unicode.Latin, unicode.Greek, unicode.Cyrillic)
	}
	symbol := func(c rune) bool { return c >= utf8.RuneSelf && unicode.IsSymbol(c) }
	selected := unicode.Is(unicode.Variation_Selector, before)
	return !unicode.Is(unicode.Variation_Selector, after) &&
		((letter(before) || selected) && letter(after) || (symbol(before) || selected) && symbol(after))
}

// cut shortens a clean text to a number of characters, with an ellipsis for what is left out: what arrives as an event cannot be refused.
func cut(s string, characters int) string {
	if utf8.RuneCountInString(s) <= characters {
		return s
	}
	kept := []rune(s)[:characters-1]
	return strings.TrimRightFunc(string(kept), func(c rune) bool {
		return unicode.IsSpace(c) || c == zeroWidthJoiner || c == zeroWidthNonJoiner
	}) + ellipsis
}

// word tells whether a text is a tag: 1 to 40 small letters, digits and hyphens, the first of them no hyphen.
func word(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

// tags are the words of a list that are tags, each once and no more than the contract has; nil for none.
func tags(given []string) []string {
	var kept []string
	for _, t := range given {
		if word(t) && len(kept) < maxWords && !slices.Contains(kept, t) {
			kept = append(kept, t)
		}
	}
	return kept
}

// said counts the letters and digits of a text. A text of signs says nothing.
func said(s string) int {
	n := 0
	for _, c := range s {
		if unicode.IsLetter(c) || unicode.IsNumber(c) {
			n++
		}
	}
	return n
}
