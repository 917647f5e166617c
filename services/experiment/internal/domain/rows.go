package domain

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// maxLine is the length of the longest line of a file, in bytes. A longer one is no measurement.
const maxLine = 64 << 10

// Rows reads measurements from a file, line by line, whatever its length.
type Rows struct {
	lines  *bufio.Reader
	report *Report
	now    time.Time
	read   func(r *Rows, line []byte) (Entry, bool)
	// line counts from 1.
	line int64
	// headed says that the file begins with a header, columns how many columns that has; 0 before it was read.
	headed  bool
	columns int
	failed  error
}

// NewRows reads a file that arrives now. What is wrong with a line goes to the report, and the line is passed over.
func NewRows(form Form, file io.Reader, now time.Time, report *Report) *Rows {
	rows := &Rows{lines: bufio.NewReaderSize(file, maxLine), report: report, now: now, read: (*Rows).ndjson}
	if form == CSV {
		rows.read, rows.headed = (*Rows).csv, true
	}
	return rows
}

// Next returns the next measurement; false at the end of the file, or when it cannot be read any further.
func (r *Rows) Next() (Entry, bool) {
	for r.failed == nil {
		line, err := r.nextLine()
		if err != nil {
			if r.headed && r.columns == 0 && r.Err() == nil {
				r.line = 1 // whatever empty lines there are
				r.refuse(0, "", "HEADER_MISSING", "The first line must be the header "+headers+".")
			}
			return Entry{}, false
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if entry, ok := r.read(r, line); ok {
			return entry, true
		}
	}
	return Entry{}, false
}

// Err is what stopped the reading before the end of the file, other than a header that says nothing.
func (r *Rows) Err() error {
	if errors.Is(r.failed, io.EOF) {
		return nil
	}
	return r.failed
}

// nextLine returns the next line without its end, good until the next call; io.EOF after the last.
func (r *Rows) nextLine() ([]byte, error) {
	for {
		r.line++
		line, err := r.lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			r.refuse(0, "", "LINE_TOO_LONG", "A line has at most 65,535 bytes.")
			if err = r.skip(); err != nil {
				return nil, r.stop(err)
			}
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, r.stop(err)
		}
		if r.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF")) // spreadsheets write a byte order mark
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
	}
}

// skip passes over the rest of a line.
func (r *Rows) skip() error {
	for {
		_, err := r.lines.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// stop ends the reading. That the file is over is no failure.
func (r *Rows) stop(err error) error {
	if r.failed == nil && !errors.Is(err, io.EOF) {
		r.failed = err
	}
	return err
}

func (r *Rows) refuse(column int, field, reason, description string) {
	r.report.Add(Problem{Line: r.line, Column: column, Field: field, Reason: reason, Description: description})
}

// part is one of the things that a line says.
type part int

const (
	timePart part = iota
	valuePart
	sourceKeyPart
)

// entry checks what a line says. column tells where a part of it begins; it is only asked about parts that are wrong.
func (r *Rows) entry(at, value, sourceKey string, column func(part) int) (Entry, bool) {
	before := r.report.Count
	e := Entry{Line: r.line}
	var reason, text string
	if e.Time, reason, text = parseTime(at, r.now); reason != "" {
		r.refuse(column(timePart), "time", reason, text)
	}
	if e.Value, reason, text = parseValue(value); reason != "" {
		r.refuse(column(valuePart), "value", reason, text)
	}
	if sourceKey != "" {
		e.SourceKey = sourceKey
		if reason, text := checkSourceKey(sourceKey); reason != "" {
			r.refuse(column(sourceKeyPart), "source_key", reason, text)
		}
	}
	return e, r.report.Count == before
}
