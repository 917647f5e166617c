package domain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// errMoreValues is that something stands behind a JSON value.
var errMoreValues = errors.New("more than one JSON value")

// decodeStrict reads one JSON value without unknown members.
func decodeStrict(body []byte, into any) error {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errMoreValues
	}
	return nil
}

// unreadable refuses an event because of what reading its JSON text came to. what is what the text is of: it begins a sentence.
func (e ReceivedEvent) unreadable(what string, text []byte, err error) ReceivedEvent {
	field, problem := problemOf(what, text, err)
	return e.refuse(field, "BODY_INVALID", problem)
}

// problemOf says for people what is wrong with a JSON text, and in which member.
func problemOf(what string, text []byte, err error) (field, problem string) {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case strings.TrimSpace(string(text)) == "":
		return "", what + " is empty; send one object."
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return "", what + " is " + kindOf(wrongType.Value) + "; send " + wantedOf(wrongType.Type) + "."
	case errors.As(err, &wrongType):
		return wrongType.Field, inQuotes(wrongType.Field) + " is " + kindOf(wrongType.Value) + "; it has to be " + wantedOf(wrongType.Type) + "."
	case errors.Is(err, errMoreValues):
		return "", what + " goes on after the object; send one object."
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && syntax.Offset >= int64(len(text)):
		return "", what + " ends before the JSON is complete."
	case errors.As(err, &syntax):
		return "", fmt.Sprintf("%s is no JSON: it goes wrong at byte %d.", what, syntax.Offset)
	case strings.Contains(err.Error(), "invalid number literal"):
		return "", what + " has a text where an id has to be a number."
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		name = strings.Trim(name, `"`)
		return name, inQuotes(name) + " is no member that is known here."
	}
	return "", what + " is no JSON that can be read."
}

// kindOf is what a JSON value is, by encoding/json's word for it.
func kindOf(value string) string {
	value, _, _ = strings.Cut(value, " ") // a number comes with its text
	if words, ok := map[string]string{"array": "a list", "object": "an object", "string": "a text", "bool": "true or false"}[value]; ok {
		return words
	}
	return "a number"
}

// wantedOf is what a value has to be to be read into a type.
func wantedOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[json.Number]():
		return "a number"
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		return "one object"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a text"
}

// formatWords are what people call the formats.
var formatWords = map[DeliveryFormat]string{
	CDEventsFormat: "CDEvents", GitHubFormat: "webhooks of GitHub", GitLabFormat: "webhooks of GitLab", PlainFormat: "plain JSON",
}

// refuseOtherFormat says of an event that could not be read that it is written as another source would take it.
func (s *DeliverySource) refuseOtherFormat(e ReceivedEvent, headers DeliveryHeaders, body []byte) ReceivedEvent {
	if e.Outcome != DeliveryRefused || e.Reason != "BODY_INVALID" && e.Reason != "EVENT_UNKNOWN" {
		return e
	}
	other := looksLike(headers, body)
	if other == "" || other == s.Format {
		return e
	}
	return e.refuse("", "OTHER_FORMAT", "This source takes "+formatWords[s.Format]+", and what was sent looks like "+formatWords[other]+
		". The format of a source never changes: set up another source for the service, with the format DELIVERY_FORMAT_"+string(other)+", and send it there.")
}

// looksLike is the format that a delivery seems to have; empty when nothing tells.
func looksLike(headers DeliveryHeaders, body []byte) DeliveryFormat {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members) // what is no object has none
	has := func(name string) bool { _, ok := members[name]; return ok }
	switch {
	case headers["x-github-event"] != "":
		return GitHubFormat
	case headers["x-gitlab-event"] != "" || has("object_kind"):
		return GitLabFormat
	case headers["ce-type"] != "" || has("specversion") || has("context"):
		return CDEventsFormat
	case has("event"):
		return PlainFormat
	}
	return ""
}
