package domain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// maxProblems is how many problems of an import one answer lists. All are counted.
const maxProblems = 100

// Form is how measurements are written.
type Form string

// The forms: one measurement or the entries of a request, or a file.
const (
	Single Form = "measurement"
	List   Form = "measurements"
	CSV    Form = "csv"
	NDJSON Form = "ndjson"
)

// Problem is what is wrong with one line of a file or one entry of a list.
type Problem struct {
	// Line counts from 1.
	Line int64
	// Column counts bytes from 1; 0 means the whole line.
	Column int
	// Field is `time`, `value`, `source_key`, or empty for the whole line.
	Field, Reason, Description string
}

// Report collects what is wrong with an import, so that a file is repaired in one go.
type Report struct {
	form Form
	// Problems are the first 100.
	Problems []Problem
	// Count is how many there are.
	Count int
	// Refused is how many lines have one.
	Refused int
	last    int64
}

// NewReport begins the report of an import.
func NewReport(form Form) *Report { return &Report{form: form} }

// Copy is a report that can go on by itself.
func (r *Report) Copy() Report {
	c := *r
	c.Problems = slices.Clone(r.Problems)
	return c
}

// Add adds a problem. The problems of a line come one after the other.
func (r *Report) Add(p Problem) {
	r.Count++
	if r.Refused == 0 || p.Line != r.last {
		r.Refused++
		r.last = p.Line
	}
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
	}
}

// Fault refuses the import as a whole, or is nil when nothing is wrong: InvalidArgument MEASUREMENTS_INVALID with every
// problem, 100 at most.
func (r *Report) Fault() error {
	if r.Count == 0 {
		return nil
	}
	message := fmt.Sprintf("The measurements cannot be imported: %d problems. Nothing was imported.", r.Count)
	if r.Count == 1 {
		message = "The measurements cannot be imported: 1 problem. Nothing was imported."
	}
	violations := make([]fault.Violation, len(r.Problems))
	for i, p := range r.Problems {
		violations[i] = fault.Violation{Field: r.place(p), Reason: p.Reason, Description: p.Description}
	}
	return (&fault.Error{Kind: fault.InvalidArgument, Reason: "MEASUREMENTS_INVALID", Message: message, Violations: violations}).
		With("problems", strconv.Itoa(r.Count))
}

// place is `measurement.value`, `measurements[0].value`, or `csv:line:column`; `csv:line` for a line as a whole.
func (r *Report) place(p Problem) string {
	if r.form == Single {
		return "measurement." + p.Field
	}
	if r.form == List {
		return strings.TrimSuffix(fmt.Sprintf("measurements[%d].%s", p.Line-1, p.Field), ".")
	}
	if p.Column == 0 {
		return fmt.Sprintf("%s:%d", r.form, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", r.form, p.Line, p.Column)
}
