// Package directory reads files of teams and people: CSV, and the catalogue of Backstage. It is pure: a text goes in, and
// what is wanted comes out, or everything that is wrong with the text, each with its line and how to mend it.
package directory

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// maxBytes is how long a file is at most, as the contract says.
const maxBytes = 1 << 20

// MaxEntries is how many teams, users and memberships a file has at most: what one transaction can take
// on a database across a network, too.
const MaxEntries = 2_000

// findings collects what is wrong.
type findings struct{ problems []domain.DirectoryProblem }

func (f *findings) add(line int, column, reason, format string, args ...any) {
	f.problems = append(f.problems, domain.DirectoryProblem{
		Place: domain.Place{Line: line, Column: column}, Reason: reason, Description: fmt.Sprintf(format, args...),
	})
}

// addFault adds why a rule of the domain refuses an entry. columns say where the fields of the domain stand in the file.
func (f *findings) addFault(at domain.Place, err error, columns map[string]string) {
	refused := fault.From(err)
	for _, v := range refused.Violations {
		if column, known := columns[v.Field]; known {
			at.Column = column
		}
	}
	f.add(at.Line, at.Column, refused.Reason, "%s", refused.Message)
}

// readable checks what both forms have in common and takes the byte order mark off, which spreadsheets like to write.
func (f *findings) readable(content string) (string, bool) {
	content = strings.TrimPrefix(content, "\ufeff")
	switch {
	case len(content) > maxBytes:
		f.add(1, "", "DIRECTORY_TOO_LARGE", "the file has more than 1 MiB: split it by team")
	case strings.TrimSpace(content) == "":
		f.add(1, "", "DIRECTORY_EMPTY", "the file holds nothing")
	default:
		for number, line := range lines(content) {
			if strings.ContainsRune(line, 0) {
				f.add(number, "", "TEXT_CONTROL_CHARACTER", "the line holds a NUL character: save the file as UTF-8 text, not as UTF-16")
				return "", false
			}
			if !utf8.ValidString(line) {
				f.add(number, "", "TEXT_NOT_UTF8", "the line is not UTF-8: save the file as UTF-8")
				return "", false
			}
		}
	}
	return content, len(f.problems) == 0
}

// lines are the lines of a text with their numbers.
func lines(content string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		number := 0
		for line := range strings.SplitSeq(content, "\n") {
			if number++; !yield(number, line) {
				return
			}
		}
	}
}

// entries holds what a file wants, each team and user once.
type entries struct {
	findings
	wanted domain.Directory
	teams  map[string]int // index in wanted.Teams by key
	users  map[string]int
	places map[string]int // index in wanted.Members by team and user
	full   bool
}

func newEntries() *entries {
	return &entries{teams: map[string]int{}, users: map[string]int{}, places: map[string]int{}}
}

// room tells whether one more entry may be added.
func (e *entries) room(line int) bool {
	if len(e.wanted.Teams)+len(e.wanted.Users)+len(e.wanted.Members) < MaxEntries {
		return true
	}
	if !e.full {
		e.full = true
		e.add(line, "", "DIRECTORY_TOO_LARGE", "the file has more than %d teams, users and memberships: split it by team", MaxEntries)
	}
	return false
}

// done is the result: with problems nothing is wanted.
func (e *entries) done() (domain.Directory, []domain.DirectoryProblem) {
	if len(e.problems) > 0 {
		return domain.Directory{}, domain.SortDirectoryProblems(e.problems)
	}
	return e.wanted, nil
}
