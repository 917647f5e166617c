// Package domain holds the rules of the experiment service: metrics and their readings, process behaviour charts, and
// experiments with locked predictions. It reads no clock, makes no ids, and knows neither network nor database.
package domain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
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

// Entry is a measurement in a request, with the place to name when something is wrong with it.
type Entry struct {
	Measurement
	// At is `measurements[i].value` or `csv:line:column`.
	At string
}

// Compare orders measurements by time, then by source key: the order of every chart, whatever the order of arrival.
func (m Measurement) Compare(o Measurement) int {
	return cmp.Or(m.Time.Compare(o.Time), cmp.Compare(m.SourceKey, o.SourceKey))
}

// CheckMeasurements checks a list of measurements that a client sent. It returns them as entries with times in whole
// microseconds, or an InvalidArgument fault MEASUREMENTS_INVALID with every problem, 100 at most.
func CheckMeasurements(list []Measurement) ([]Entry, error) {
	var p problems
	entries := make([]Entry, 0, len(list))
	for i, m := range list {
		at := "measurements[" + strconv.Itoa(i) + "]."
		before := p.count
		if reason, text := checkTime(m.Time); reason != "" {
			p.add(at+"time", reason, "%s", text)
		}
		if reason, text := checkValue(m.Value); reason != "" {
			p.add(at+"value", reason, "%s", text)
		}
		if reason, text := checkSourceKey(m.SourceKey); reason != "" {
			p.add(at+"source_key", reason, "%s", text)
		}
		if p.count == before {
			m.Time = stored(m.Time)
			entries = append(entries, Entry{Measurement: m, At: at + "value"})
		}
	}
	checkContradictions(entries, &p)
	if err := p.fault(fault.InvalidArgument, "MEASUREMENTS_INVALID", "The measurements cannot be read"); err != nil {
		return nil, err
	}
	return entries, nil
}

// Conflicts returns a FailedPrecondition fault MEASUREMENT_CONFLICT that names every entry whose key exists with another
// value, or nil. existing holds the stored value of each entry, in the order of the entries; nil for a new one.
func Conflicts(entries []Entry, existing []*float64) error {
	var p problems
	for i, e := range entries {
		if v := existing[i]; v != nil && *v != e.Value {
			p.add(e.At, "MEASUREMENT_CONFLICT", "%s is recorded as %s already; this says %s.", e.key(), number(*v), number(e.Value))
		}
	}
	return p.fault(fault.FailedPrecondition, "MEASUREMENT_CONFLICT", "Some measurements contradict what is recorded")
}

// checkContradictions finds entries of one request that give the same key two values.
func checkContradictions(entries []Entry, p *problems) {
	type key struct {
		micros int64
		source string
	}
	seen := make(map[key]*Entry, len(entries))
	for i := range entries {
		e := &entries[i]
		k := key{e.Time.UnixMicro(), e.SourceKey}
		first := seen[k]
		if first == nil {
			seen[k] = e
			continue
		}
		if first.Value != e.Value {
			p.add(e.At, "MEASUREMENT_CONFLICT", "%s is %s here and %s at %s.", e.key(), number(e.Value), number(first.Value), first.At)
		}
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

func checkTime(t time.Time) (reason, text string) {
	if year := t.UTC().Year(); t.IsZero() || year < 1 || year > 9999 {
		return "TIME_INVALID", "The time is missing or outside the years 1 to 9999."
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
	for _, r := range s {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return "SOURCE_KEY_INVALID", "The source key has a character that cannot be shown."
		}
	}
	return "", ""
}

func inOrder(points []Measurement) []Measurement {
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, Measurement.Compare)
	return sorted
}
