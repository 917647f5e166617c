package domain

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// journalReader reads the members of a journal and collects what cannot be read.
type journalReader struct{ problems []fault.Violation }

func (r *journalReader) refuse(place, text string) {
	if len(r.problems) < maxJournalProblems {
		r.problems = append(r.problems, fault.Violation{Field: place, Reason: "JOURNAL_INVALID", Description: text})
	}
}

// text returns a text, or "" for what is missing or null.
func (r *journalReader) text(o map[string]any, place, key string) string {
	s, ok := o[key].(string)
	if !ok && o[key] != nil {
		r.refuse(place+"."+key, "This must be text.")
	}
	return strings.TrimSpace(s)
}

func (r *journalReader) word(o map[string]any, place, key string) string {
	s := r.text(o, place, key)
	if utf8.RuneCountInString(s) > maxJournalWord {
		r.refuse(place+"."+key, fmt.Sprintf("A status has at most %d characters.", maxJournalWord))
	}
	return s
}

// flag is a truth value that may not be there.
type flag int

const (
	unsaid flag = iota // the member is missing
	null               // the member is null: begun and not known
	no
	yes
)

func (f flag) value() *bool {
	if f == unsaid || f == null {
		return nil
	}
	is := f == yes
	return &is
}

func (r *journalReader) flag(o map[string]any, place, key string) flag {
	given, found := o[key]
	switch is, ok := given.(bool); {
	case !found:
		return unsaid
	case ok && is:
		return yes
	case !ok && given != nil:
		r.refuse(place+"."+key, "This must be true or false.")
		return null
	case given == nil:
		return null
	}
	return no
}

func (r *journalReader) seconds(o map[string]any, place, key string) *float64 {
	n, ok := o[key].(float64)
	switch {
	case o[key] == nil:
		return nil
	case !ok || math.IsNaN(n) || math.IsInf(n, 0) || n < 0:
		r.refuse(place+"."+key, "This must be a number of seconds, not below zero.")
		return nil
	}
	return &n
}

// journalTimes are the ways in which versions write instants. Those without a zone are in UTC.
var journalTimes = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999"}

func (r *journalReader) instant(o map[string]any, place, key string) time.Time {
	s := r.text(o, place, key)
	if s == "" {
		return time.Time{}
	}
	for _, layout := range journalTimes {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() <= 9999 {
			return t.UTC().Truncate(time.Microsecond)
		}
	}
	r.refuse(place+"."+key, "This must be an instant such as 2026-06-01T09:30:00.123456, in UTC when no zone is said.")
	return time.Time{}
}

func (r *journalReader) object(o map[string]any, place, key string) map[string]any {
	inner, ok := o[key].(map[string]any)
	if !ok && o[key] != nil {
		r.refuse(place+"."+key, "This must be an object.")
	}
	return inner
}

func (r *journalReader) list(o map[string]any, place, key string) []any {
	items, ok := o[key].([]any)
	switch {
	case !ok && o[key] != nil:
		r.refuse(place+"."+key, "This must be a list.")
	case len(items) > maxActivities:
		r.refuse(place+"."+key, fmt.Sprintf("A list has at most %d entries.", maxActivities))
		return nil
	}
	return items
}

// exceptionName is the name of a Python exception class. What does not end like one might be a part of a message.
var exceptionName = regexp.MustCompile(`^(?:[A-Za-z_][A-Za-z0-9_]{0,60}\.){0,8}((?:[A-Z][A-Za-z0-9_]{0,60})?(?:Error|Exception|Failed|Interrupt|Exit|Execution|Timeout))$`)

// exceptionOf returns the class of an exception, from the last line of its traceback, or just Exception. The message is not kept: it
// may hold what was secret.
func exceptionOf(given any) string {
	lines, _ := given.([]any)
	if len(lines) > 0 {
		given = lines[len(lines)-1]
	}
	text, _ := given.(string)
	text = strings.TrimSpace(text)
	if given == nil || text == "" && len(lines) == 0 {
		return ""
	}
	last, _, _ := strings.Cut(text[strings.LastIndexByte(text, '\n')+1:], ":")
	if class := exceptionName.FindStringSubmatch(strings.TrimSpace(last)); class != nil {
		return class[1]
	}
	return "Exception"
}

// dry reads the word of an experiment about dry runs: true, or what is left out (activities, actions, probes, pause). Whoever
// leaves out just probes or pauses still acts on the system.
func dry(given any) bool {
	switch d := given.(type) {
	case bool:
		return d
	case string:
		return d == "activities" || d == "actions"
	}
	return false
}

func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}
