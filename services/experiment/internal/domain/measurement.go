// Package domain holds the rules of the experiment service: metrics and their readings, process behaviour charts, and
// experiments with locked predictions. It reads no clock, makes no ids, and knows neither network nor database.
package domain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxValue bounds the magnitude of values, so that no sum or limit computed from them can overflow.
const MaxValue = 1e300

// maxSourceKey is the length of the longest source key, in characters.
const maxSourceKey = 200

// Measurement is one reading of a metric. Time and SourceKey together are its key within the metric.
type Measurement struct {
	// Time is when it was taken, UTC in whole microseconds.
	Time time.Time
	// Value is in the metric's unit.
	Value float64
	// SourceKey tells apart two readings of the same instant; empty is a key like any other.
	SourceKey string
}

// Reading is a measurement as it is stored.
type Reading struct {
	Measurement
	// Ordinal is the place in the order of arrival at the metric, from 1, without gaps. It tells what had been seen when,
	// which no clock can tell for sure.
	Ordinal int64
}

// Entry is a measurement of an import, with the line or the entry of a list that it came from, counted from 1.
type Entry struct {
	Measurement
	Line int64
}

// Compare orders measurements by time, then by source key: the order of every chart, whatever the order of arrival.
func (m Measurement) Compare(o Measurement) int {
	return cmp.Or(m.Time.Compare(o.Time), cmp.Compare(m.SourceKey, o.SourceKey))
}

// CheckMeasurements reads a list of measurements that a client sent by now, with times in whole microseconds. What is wrong with
// an entry goes to the report, and the entry is left out. A zero now stands for a list that was recorded before and is taken back:
// whatever could be recorded then can be now.
func CheckMeasurements(list []Measurement, now time.Time, report *Report) []Entry {
	entries := make([]Entry, 0, len(list))
	for i, m := range list {
		before := report.Count
		refuse := func(field, reason, text string) {
			if reason != "" {
				report.Add(Problem{Line: int64(i) + 1, Field: field, Reason: reason, Description: text})
			}
		}
		reason, text := checkTaken(m.Time, now)
		refuse("time", reason, text)
		reason, text = checkValue(m.Value)
		refuse("value", reason, text)
		reason, text = checkSourceKey(m.SourceKey)
		refuse("source_key", reason, text)
		if report.Count == before {
			m.Time = stored(m.Time)
			entries = append(entries, Entry{Measurement: m, Line: int64(i) + 1})
		}
	}
	return entries
}

// Contradiction is a key that is recorded, or came before in the same import, with another value.
func Contradiction(e Entry, recorded float64) Problem {
	return Problem{
		Line: e.Line, Field: "value", Reason: "MEASUREMENT_CONFLICT",
		Description: fmt.Sprintf("%s is %s already; this says %s. Correct it with :correct, or give it another source key.", e.key(), number(recorded), number(e.Value)),
	}
}

func (m Measurement) key() string {
	at := m.Time.UTC().Format(time.RFC3339Nano)
	if m.SourceKey == "" {
		return "The reading of " + at
	}
	return fmt.Sprintf("The reading of %s with source key %q", at, m.SourceKey)
}

// number writes a value for people: 1000000 and not 1e+06.
func number(v float64) string {
	if a := math.Abs(v); a == 0 || a >= 1e-6 && a < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// stored is t as it can be kept: UTC, whole microseconds.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// parseTime reads when a measurement was taken, as it is stored.
func parseTime(text string, now time.Time) (at time.Time, reason, description string) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, "TIME_INVALID", "The time is not RFC 3339 with its zone, such as 2026-06-01T09:30:00Z or 2026-06-01T11:30:00+02:00."
	}
	reason, description = checkTaken(at, now)
	return stored(at), reason, description
}

// parseValue takes plain decimal notation only: what strconv reads beyond it (NaN, Inf, hexadecimal, underscores) is a
// slip in a data file.
func parseValue(text string) (value float64, reason, description string) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, "VALUE_INVALID", "The value is not a finite decimal number with a point, such as 3.5."
	}
	reason, description = checkValue(value)
	return value, reason, description
}

func checkTime(t time.Time) (reason, text string) {
	if year := t.UTC().Year(); t.IsZero() || year < 1 || year > 9999 {
		return "TIME_INVALID", "The time is missing or outside the years 1 to 9999."
	}
	return "", ""
}

// checkTaken refuses what nobody can have measured by now: in most cases the year or the zone of the time is wrong. A reading that
// lies ahead would stay in front of all that are taken, in every chart. Nothing is refused for a zero now but what no calendar has.
func checkTaken(t, now time.Time) (reason, text string) {
	if reason, text = checkTime(t); reason != "" || now.IsZero() {
		return reason, text
	}
	if t.Before(time.Unix(0, 0)) {
		return "TIME_INVALID", "The time lies before 1970. Check its year."
	}
	if t.After(TakenUntil(now)) {
		return "TIME_AHEAD", fmt.Sprintf("%s has not come yet: it is %s here, and 5 minutes more are taken. Check the year and the zone, or send the reading once it was taken.",
			t.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return "", ""
}

func checkValue(v float64) (reason, text string) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "VALUE_INVALID", "The value is not a finite number."
	}
	if math.Abs(v) > MaxValue {
		return "VALUE_OUT_OF_RANGE", "The value is beyond 1e300."
	}
	return "", ""
}

func checkSourceKey(s string) (reason, text string) {
	if utf8.RuneCountInString(s) > maxSourceKey {
		return "SOURCE_KEY_INVALID", fmt.Sprintf("The source key is longer than %d characters.", maxSourceKey)
	}
	if strings.HasPrefix(s, "=") || strings.HasPrefix(s, "@") {
		return "SOURCE_KEY_INVALID", "The source key begins like a formula of a spreadsheet; begin it with a letter."
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return "SOURCE_KEY_INVALID", "The source key has a character that cannot be shown."
		}
	}
	return "", ""
}

// inOrder returns the measurements in time order: themselves when they are, which is how they come from the store, and otherwise a
// sorted copy.
func inOrder(points []Measurement) []Measurement {
	if slices.IsSortedFunc(points, Measurement.Compare) {
		return points
	}
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, Measurement.Compare)
	return sorted
}
