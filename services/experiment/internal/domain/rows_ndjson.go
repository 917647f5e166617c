package domain

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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
		if errors.As(err, &syntax) {
			column, text = int(syntax.Offset), "The line is not valid JSON."
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
	sourceKey := said.SourceKey
	if sourceKey == "" {
		sourceKey = said.Snake
	}
	return r.entry(*said.Time, said.Value.String(), sourceKey, [3]int{})
}
