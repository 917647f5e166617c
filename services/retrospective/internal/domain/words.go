package domain

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// inWords takes the blanks around a text away. A text of nothing else is refused with the question that it does not answer: it
// would pass for a text where one is asked for.
func inWords(field, reason, question string, text *string) error {
	if *text = strings.TrimSpace(*text); *text == "" {
		return fault.Invalid(field, reason, "%s", question)
	}
	return nil
}

// firstWords shortens a text to at most so many characters, at a blank where there is one in the second half, with an ellipsis.
func firstWords(text string, most int) string {
	letters := []rune(strings.Join(strings.Fields(text), " "))
	if len(letters) <= most {
		return string(letters)
	}
	letters = letters[:most-1]
	if blank := strings.LastIndexByte(string(letters), ' '); blank > len(string(letters))/2 {
		return string(letters)[:blank] + "…"
	}
	return string(letters) + "…"
}
