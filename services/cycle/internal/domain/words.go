package domain

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// inWords takes the blanks around a text away. A text of nothing else is refused with the question that it does not answer: it
// would pass for a reason where one is asked for.
func inWords(field, reason, question string, text *string) error {
	if *text = strings.TrimSpace(*text); *text == "" {
		return fault.Invalid(field, reason, "%s", question)
	}
	return nil
}
