package domain

import (
	"fmt"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// dayLayout is how days are written.
const dayLayout = time.DateOnly

// Prediction says: if Change then Metric goes from BaselineValue to ExpectedValue by ByDate because Reason. With an
// ExpectedUpperValue a range is expected, from ExpectedValue up to it.
type Prediction struct {
	Change        string   `json:"change,omitempty"`
	Metric        string   `json:"metric,omitempty"`
	BaselineValue *float64 `json:"baselineValue,omitempty"`
	ExpectedValue *float64 `json:"expectedValue,omitempty"`
	// ExpectedUpperValue is nil when one value is expected.
	ExpectedUpperValue *float64 `json:"expectedUpperValue,omitempty"`
	// ByDate is a day of the team's zone, YYYY-MM-DD.
	ByDate string `json:"byDate,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Falsification is what would prove the prediction wrong. Plans that were locked before it was asked for have none.
	Falsification string `json:"falsification,omitempty"`
	// ConfidencePercent is one of 5, 10, … 95; 0 when not said.
	ConfidencePercent int `json:"confidencePercent,omitempty"`
	// MetricName and MetricUnit are what the metric is called, for Sentence; they are no part of the plan. A metric that does
	// not exist has none.
	MetricName string `json:"metricName,omitempty"`
	MetricUnit string `json:"metricUnit,omitempty"`
}

// Sentence returns the prediction in words, or "" while a part of the sentence is missing.
func (p Prediction) Sentence() string {
	if p.Change == "" || p.Metric == "" || p.ExpectedValue == nil || p.ByDate == "" || p.Reason == "" {
		return ""
	}
	metric, value := p.MetricName, p.expected()
	if metric == "" {
		metric = IDOf(p.Metric)
	}
	if p.MetricUnit != "" {
		value += " " + p.MetricUnit
	}
	part := func(s string) string { return strings.TrimRight(s, ".!? ") } // each ends inside the sentence
	return fmt.Sprintf("If %s, then %s goes to %s by %s, because %s.", part(p.Change), metric, value, p.ByDate, part(p.Reason))
}

// expected is the value or the range in words.
func (p Prediction) expected() string {
	if p.one() {
		return number(*p.ExpectedValue)
	}
	return "between " + number(*p.ExpectedValue) + " and " + number(*p.ExpectedUpperValue)
}

// one tells whether one value is expected, and no range.
func (p Prediction) one() bool {
	return p.ExpectedUpperValue == nil || *p.ExpectedUpperValue == *p.ExpectedValue
}

// inverted tells whether the range that is expected ends below its beginning.
func (p Prediction) inverted() bool {
	return p.ExpectedValue != nil && p.ExpectedUpperValue != nil && *p.ExpectedUpperValue < *p.ExpectedValue
}

// deadline is the instant at which the day of the prediction is over in a zone; false when it names no day.
func (p Prediction) deadline(zone *time.Location) (time.Time, bool) {
	day, err := time.Parse(dayLayout, p.ByDate)
	if err != nil {
		return time.Time{}, false
	}
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone), true
}

// Measured notes what the metric of the prediction is called; m is nil when it does not exist.
func (e *Experiment) Measured(m *Metric) {
	e.Prediction.MetricName, e.Prediction.MetricUnit = "", ""
	if m != nil {
		e.Prediction.MetricName, e.Prediction.MetricUnit = m.DisplayName, m.Unit
	}
}

// checkShape refuses what a plan can never hold, in a draft either.
func (e *Experiment) checkShape() error {
	var v []fault.Violation
	if e.DisplayName == "" {
		v = append(v, fault.Violation{Field: "experiment.display_name", Reason: "REQUIRED", Description: "Give the experiment a name."})
	}
	v = append(v, checkReference("experiment.obstacle", e.Obstacle, e.Team(), "obstacles")...)
	v = append(v, checkReference("experiment.prediction.metric", e.Prediction.Metric, e.Team(), "metrics")...)
	v = append(v, checkLearning(e.Learning)...)
	v = append(v, checkNumber("experiment.prediction.baseline_value", e.Prediction.BaselineValue)...)
	v = append(v, checkNumber("experiment.prediction.expected_value", e.Prediction.ExpectedValue)...)
	v = append(v, checkNumber("experiment.prediction.expected_upper_value", e.Prediction.ExpectedUpperValue)...)
	if e.Prediction.inverted() {
		v = append(v, fault.Violation{Field: "experiment.prediction.expected_upper_value", Reason: "EXPECTED_RANGE_INVERTED", Description: invertedText})
	}
	v = append(v, e.GameDay.checkShape()...)
	return invalid("EXPERIMENT_INVALID", "The experiment cannot be saved like this.", v)
}

func checkNumber(field string, value *float64) []fault.Violation {
	if value == nil {
		return nil
	}
	if reason, text := checkValue(*value); reason != "" {
		return []fault.Violation{{Field: field, Reason: reason, Description: text}}
	}
	return nil
}
