package domain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// ndjson reads one line of a file of JSON objects.
func (r *Rows) ndjson(line []byte) (Entry, bool) {
	var said struct {
		Time      *string      `json:"time"`
		Value     *json.Number `json:"value"`
		SourceKey string       `json:"sourceKey"`
		// Snake is what the contract calls it; JSON takes both, as everywhere in the API.
		Snake string `json:"source_key"`
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&said); err != nil {
		column, text := unreadable(line, err)
		r.refuse(column, "", "LINE_INVALID", text)
		return Entry{}, false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		r.refuse(int(decoder.InputOffset())+1, "", "LINE_INVALID", "A line holds one object.")
		return Entry{}, false
	}
	if column, name := twice(line); name != "" {
		r.refuse(column, "", "LINE_INVALID", fmt.Sprintf("The object has %s twice. Say it once.", name))
		return Entry{}, false
	}
	if said.Time == nil || said.Value == nil {
		r.refuse(0, "", "LINE_INVALID", "The line needs a time and a value.")
		return Entry{}, false
	}
	names, sourceKey := [...]string{"time", "value", "sourceKey"}, said.SourceKey
	if sourceKey == "" {
		names[sourceKeyPart], sourceKey = "source_key", said.Snake
	}
	return r.entry(*said.Time, said.Value.String(), sourceKey, func(p part) int { return columnOf(line, names[p]) })
}

// unknownMember is how encoding/json begins to say that a struct has no such field. The tests hold its words.
const unknownMember = "json: unknown field "

// unreadable says what is wrong with a line that does not decode, and where.
func unreadable(line []byte, err error) (column int, text string) {
	const wanted = `{"time": "2026-06-01T09:30:00Z", "value": 3.5}`
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	name, quoted := strings.CutPrefix(err.Error(), unknownMember)
	if quoted {
		name, err = strconv.Unquote(name)
	}
	switch {
	case quoted && err == nil:
		return columnOf(line, name), fmt.Sprintf("There is no member %q. An object has `time`, `value` and perhaps `sourceKey`.", name)
	case errors.As(err, &syntax):
		return int(syntax.Offset), "The line is not valid JSON."
	case errors.Is(err, io.ErrUnexpectedEOF):
		return len(line) + 1, "The line is not valid JSON: it ends before its object does. An object stands on one line."
	case errors.As(err, &kind) && kind.Field != "":
		return columnOf(line, kind.Field), fmt.Sprintf("The member %q cannot be a JSON %s. Write it as in %s.", kind.Field, kind.Value, wanted)
	case kind != nil:
		return 0, fmt.Sprintf("The line is a JSON %s. Each line is one object, such as %s.", kind.Value, wanted)
	}
	return 0, "The line is no object such as " + wanted + "."
}

// twice finds a member that is there again, be it under its other name: the second value would silently take the place of the first.
func twice(line []byte) (column int, name string) {
	var seen [sourceKeyPart + 1]bool
	for member, at := range members(line) {
		p, called := sourceKeyPart, "sourceKey"
		switch {
		case bytes.EqualFold(member, []byte("time")):
			p, called = timePart, "time"
		case bytes.EqualFold(member, []byte("value")):
			p, called = valuePart, "value"
		}
		if seen[p] {
			return at, called
		}
		seen[p] = true
	}
	return 0, ""
}

// columnOf is where the value of a member begins in the object of a line, counted in bytes from 1; 0 when it is not found. Like the
// decoder it takes a name in any case.
func columnOf(line []byte, name string) int {
	for member, column := range members(line) {
		if bytes.EqualFold(member, []byte(name)) {
			return column
		}
	}
	return 0
}

// members are the names of the members of an object, which is valid JSON, and where their values begin, counted in bytes from 1.
func members(line []byte) iter.Seq2[[]byte, int] {
	const space = " \t\r\n"
	return func(yield func(name []byte, column int) bool) {
		depth := 0
		for i := 0; i < len(line); i++ {
			switch line[i] {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			case '"':
				end := endOfText(line, i)
				text, rest := line[i:end], bytes.TrimLeft(line[end:], space)
				i = end - 1
				if depth != 1 || len(rest) == 0 || rest[0] != ':' {
					continue // a value
				}
				value := bytes.TrimLeft(rest[1:], space)
				if !yield(plain(text), len(line)-len(value)+1) {
					return
				}
			}
		}
	}
}

// endOfText is where the text ends that begins with the quote at i.
func endOfText(line []byte, i int) int {
	for i++; i < len(line) && line[i] != '"'; i++ {
		if line[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(line))
}

// plain is a JSON text without its quotes and escapes.
func plain(text []byte) []byte {
	var name string
	if bytes.IndexByte(text, '\\') >= 0 && json.Unmarshal(text, &name) == nil {
		return []byte(name)
	}
	return bytes.Trim(text, `"`)
}
