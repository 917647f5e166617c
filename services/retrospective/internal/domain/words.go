package domain

import "strings"

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
