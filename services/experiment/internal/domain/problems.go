package domain

import (
	"fmt"
	"strconv"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// maxProblems is how many problems of an import one answer lists. All are counted.
const maxProblems = 100

// problems collects what is wrong with an import, so that a file is repaired in one go.
type problems struct {
	first []fault.Violation
	count int
}

func (p *problems) add(field, reason, format string, args ...any) {
	p.count++
	if len(p.first) < maxProblems {
		p.first = append(p.first, fault.Violation{Field: field, Reason: reason, Description: fmt.Sprintf(format, args...)})
	}
}

// fault returns nil when nothing is wrong.
func (p *problems) fault(kind fault.Kind, reason, what string) error {
	if p.count == 0 {
		return nil
	}
	message := fmt.Sprintf("%s: %d problems. Nothing was imported.", what, p.count)
	if p.count == 1 {
		message = what + ": 1 problem. Nothing was imported."
	}
	return (&fault.Error{Kind: kind, Reason: reason, Message: message, Violations: p.first}).
		With("problems", strconv.Itoa(p.count))
}
