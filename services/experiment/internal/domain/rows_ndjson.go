package domain

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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
		column, text := 0, `The line is no object such as {"time": "2026-06-01T09:30:00Z", "value": 3.5}.`
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			column, text = int(syntax.Offset), "The line is not valid JSON."
		case errors.As(err, &kind) && kind.Field != "":
			column = columnOf(line, kind.Field)
		}
		r.refuse(column, "", "LINE_INVALID", text)
		return Entry{}, false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		r.refuse(int(decoder.InputOffset())+1, "", "LINE_INVALID", "A line holds one object.")
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

// columnOf is where the value of a member begins in the object of a line, counted in bytes from 1; 0 when it is not found. Like the
// decoder it takes a name in any case, and of several members the last.
func columnOf(line []byte, name string) (column int) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return 0
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return column
		}
		rest := line[decoder.InputOffset():]
		begin := len(line) - len(bytes.TrimLeft(rest, " \t\r:")) + 1
		var skipped json.RawMessage
		if err := decoder.Decode(&skipped); err != nil {
			return column
		}
		if text, ok := key.(string); ok && strings.EqualFold(text, name) {
			column = begin
		}
	}
	return column
}
