package domain

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

const headers = "`time,value` or `time,value,source_key`"

// csv reads one line of a CSV file (RFC 4180). A measurement has no line end inside, so a line is a record.
func (r *Rows) csv(line []byte) (Entry, bool) {
	if r.columns == 0 {
		r.header(line)
		return Entry{}, false
	}
	fields, columns, ok := r.fields(line)
	if !ok {
		return Entry{}, false
	}
	if len(fields) != r.columns {
		text := fmt.Sprintf("The line has %d columns, the header has %d.", len(fields), r.columns)
		if len(fields) == r.columns+1 {
			text += " A decimal number has a point, not a comma."
		}
		r.refuse(0, "", "COLUMNS_WRONG", text)
		return Entry{}, false
	}
	sourceKey := ""
	if r.columns == 3 {
		sourceKey = fields[2]
	}
	return r.entry(strings.TrimSpace(fields[0]), strings.TrimSpace(fields[1]), sourceKey, func(p part) int { return columns[p] })
}

// header reads the first line. Without a usable one nothing else can be read.
func (r *Rows) header(line []byte) {
	fields, _, ok := r.fields(line)
	if !ok {
		r.failed = io.EOF
		return
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	switch header := strings.Join(fields, ","); {
	case header == "time,value":
		r.columns = 2
	case header == "time,value,source_key":
		r.columns = 3
	case strings.ContainsAny(header, ";\t"):
		r.refuse(0, "", "HEADER_INVALID", "Separate the columns with commas: the header must be "+headers+".")
		r.failed = io.EOF
	case strings.ContainsRune(header, 0): // every other byte of UTF-16
		r.refuse(0, "", "HEADER_INVALID", "The file looks like UTF-16. Save it in UTF-8.")
		r.failed = io.EOF
	default:
		r.refuse(0, "", "HEADER_INVALID", "The first line must be the header "+headers+".")
		r.failed = io.EOF
	}
}

// fields splits a line and tells where the first three of its fields begin.
func (r *Rows) fields(line []byte) (fields []string, columns [3]int, ok bool) {
	if bytes.IndexByte(line, '"') < 0 {
		text, start := string(line), 0
		for i := range columns {
			columns[i] = start + 1
			comma := strings.IndexByte(text[start:], ',')
			if comma < 0 {
				break
			}
			start += comma + 1
		}
		return strings.Split(text, ","), columns, true
	}
	quoted := csv.NewReader(bytes.NewReader(line))
	quoted.FieldsPerRecord = -1 // counted by the caller, who says more about it
	fields, err := quoted.Read()
	if err != nil {
		var wrong *csv.ParseError
		column := 0
		if errors.As(err, &wrong) {
			column = wrong.Column
		}
		r.refuse(column, "", "LINE_INVALID", "A quote is missing or in the wrong place.")
		return nil, columns, false
	}
	for i := range min(len(fields), len(columns)) {
		_, columns[i] = quoted.FieldPos(i)
	}
	return fields, columns, true
}
