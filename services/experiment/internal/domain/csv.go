package domain

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ParseCSV reads measurements from a CSV text (RFC 4180; a byte order mark, CRLF and quoted fields are fine) with the
// header line `time,value` or `time,value,source_key`. Times are RFC 3339, values decimal numbers with a point.
//
// It is all or nothing: the fault is InvalidArgument CSV_INVALID and lists every problem, 100 at most, each with its
// place as `csv:line:column`, where line and column count from 1 and the column counts bytes.
func ParseCSV(text string) ([]Entry, error) {
	var p problems
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF")))
	r.FieldsPerRecord = -1 // counted here, so that every wrong line is found and not only the first
	r.ReuseRecord = true
	columns := readHeader(r, &p)
	var entries []Entry
	for columns > 0 {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			p.add(place(err), "LINE_INVALID", "Line %d: a quote is missing or in the wrong place.", line(err))
			continue
		}
		if e, ok := parseRecord(r, record, columns, &p); ok {
			entries = append(entries, e)
		}
	}
	checkContradictions(entries, &p)
	if err := p.fault(fault.InvalidArgument, "CSV_INVALID", "The CSV text cannot be read"); err != nil {
		return nil, err
	}
	return entries, nil
}

// readHeader returns the number of columns, or 0 when the header is not usable.
func readHeader(r *csv.Reader, p *problems) int {
	record, err := r.Read()
	if err == io.EOF {
		p.add("csv:1:1", "HEADER_MISSING", "The first line must be the header `time,value` or `time,value,source_key`.")
		return 0
	}
	names := make([]string, len(record))
	for i, name := range record {
		names[i] = strings.TrimSpace(name)
	}
	switch header := strings.Join(names, ","); {
	case err == nil && header == "time,value":
		return 2
	case err == nil && header == "time,value,source_key":
		return 3
	case strings.ContainsAny(header, ";\t"):
		p.add("csv:1:1", "HEADER_INVALID", "Separate the columns with commas: the header must be `time,value` or `time,value,source_key`.")
	default:
		p.add("csv:1:1", "HEADER_INVALID", "The header must be `time,value` or `time,value,source_key`.")
	}
	return 0
}

func parseRecord(r *csv.Reader, record []string, columns int, p *problems) (Entry, bool) {
	if len(record) != columns {
		line, _ := r.FieldPos(0)
		p.add(at(r, 0), "COLUMNS_WRONG", "Line %d has %d columns, the header has %d.", line, len(record), columns)
		return Entry{}, false
	}
	before := p.count
	refuse := func(field int, reason, text string) {
		line, column := r.FieldPos(field)
		p.add(at(r, field), reason, "Line %d, column %d: %s", line, column, text)
	}
	e := Entry{At: at(r, 1)}
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(record[0]))
	if err != nil {
		refuse(0, "TIME_INVALID", "The time is not RFC 3339, such as 2026-06-01T09:30:00Z.")
	} else if reason, text := checkTime(t); reason != "" {
		refuse(0, reason, text)
	}
	e.Time = stored(t)
	if v, ok := parseNumber(strings.TrimSpace(record[1])); !ok {
		refuse(1, "VALUE_INVALID", "The value is not a finite decimal number, such as 3.5.")
	} else if reason, text := checkValue(v); reason != "" {
		refuse(1, reason, text)
	} else {
		e.Value = v
	}
	if columns == 3 {
		e.SourceKey = strings.Clone(record[2]) // the fields of a record share one string
		if reason, text := checkSourceKey(e.SourceKey); reason != "" {
			refuse(2, reason, text)
		}
	}
	return e, p.count == before
}

// parseNumber takes plain decimal notation only: what strconv reads beyond it (NaN, Inf, hexadecimal, underscores) is a
// slip in a data file.
func parseNumber(s string) (float64, bool) {
	if strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

func at(r *csv.Reader, field int) string {
	line, column := r.FieldPos(field)
	return "csv:" + strconv.Itoa(line) + ":" + strconv.Itoa(column)
}

func place(err error) string {
	var e *csv.ParseError
	if errors.As(err, &e) {
		return "csv:" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(max(e.Column, 1))
	}
	return "csv"
}

func line(err error) int {
	var e *csv.ParseError
	if errors.As(err, &e) {
		return e.Line
	}
	return 0
}
