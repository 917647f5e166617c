package audit

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most that the contract lets into each text, in characters, and what keeps details small.
const (
	maxActor     = 200
	maxResource  = 500
	maxReason    = 100
	maxAddress   = 100
	maxMethod    = 200
	maxRequestID = 128
	maxDetail    = 500
	maxDetails   = 20
)

// clean makes a text that may come from an attacker harmless to whoever reads the log: it becomes UTF-8 without control
// characters and without marks that change the direction of writing, and is cut to what the contract takes. Nothing is
// refused here, for the worst text is in the event that matters most.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return '\uFFFD'
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// cleanDetails cleans every detail, and keeps the first of too many in the order of their names.
func cleanDetails(details map[string]string) map[string]string {
	if len(details) == 0 {
		return nil
	}
	kept := make(map[string]string, len(details))
	for _, name := range slices.Sorted(maps.Keys(details)) {
		if len(kept) == maxDetails {
			break
		}
		kept[clean(name, maxReason)] = clean(details[name], maxDetail)
	}
	return kept
}
