package fault

import "strings"

// InWords takes the blanks around a text away, in place. A text of nothing else is refused, for the given request field and reason, with the
// question that it does not answer, such as "say what is wrong": it would pass for an answer where one is asked for.
func InWords(field, reason, question string, text *string) error {
	if *text = strings.TrimSpace(*text); *text == "" {
		return Invalid(field, reason, "%s", question)
	}
	return nil
}
