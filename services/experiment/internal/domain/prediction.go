package domain

import (
	"fmt"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// dayLayout is how days are written.
const dayLayout = time.DateOnly

// Prediction says: if Change then Metric goes from BaselineValue to ExpectedValue by ByDate because Reason.
type Prediction struct {
	Change        string   `json:"change,omitempty"`
	Metric        string   `json:"metric,omitempty"`
	BaselineValue *float64 `json:"baselineValue,omitempty"`
	ExpectedValue *float64 `json:"expectedValue,omitempty"`
	// ByDate is a day of the team's zone, YYYY-MM-DD.
	ByDate string `json:"byDate,omitempty"`
	Reason string `json:"reason,omitempty"`
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
	metric, value := p.MetricName, number(*p.ExpectedValue)
	if metric == "" {
		metric = IDOf(p.Metric)
	}
	if p.MetricUnit != "" {
		value += " " + p.MetricUnit
	}
	part := func(s string) string { return strings.TrimRight(s, ".!? ") } // each ends inside the sentence
	return fmt.Sprintf("If %s, then %s goes to %s by %s, because %s.", part(p.Change), metric, value, p.ByDate, part(p.Reason))
}

// Measured notes what the metric of the prediction is called; m is nil when it does not exist.
func (e *Experiment) Measured(m *Metric) {
	e.Prediction.MetricName, e.Prediction.MetricUnit = "", ""
	if m != nil {
		e.Prediction.MetricName, e.Prediction.MetricUnit = m.DisplayName, m.Unit
	}
}

// Known is what the lock has to know beyond the plan itself.
type Known struct {
	// Obstacle tells whether the plan's obstacle exists.
	Obstacle bool
	// Metric is the plan's metric; nil when it does not exist.
	Metric *Metric
}

// missing returns a question for every part of the plan that is missing or cannot be, all at once.
func (e *Experiment) missing(known Known, today time.Time) (v []fault.Violation) {
	ask := func(field, reason, question string) {
		v = append(v, fault.Violation{Field: field, Reason: reason, Description: question})
	}
	p := e.Prediction
	switch {
	case e.Obstacle == "":
		ask("obstacle", "OBSTACLE_MISSING", "Which obstacle is this a step against?")
	case !known.Obstacle:
		ask("obstacle", "OBSTACLE_UNKNOWN", "This obstacle does not exist. Which one is this a step against?")
	}
	if p.Change == "" {
		ask("prediction.change", "CHANGE_MISSING", "What will you change?")
	}
	switch {
	case p.Metric == "":
		ask("prediction.metric", "METRIC_MISSING", "Which one metric do you expect to move?")
	case known.Metric == nil:
		ask("prediction.metric", "METRIC_UNKNOWN", "This metric does not exist. Which one do you expect to move?")
	}
	if p.BaselineValue == nil {
		ask("prediction.baseline_value", "BASELINE_VALUE_MISSING", "Where does the metric stand today?")
	}
	switch {
	case p.ExpectedValue == nil:
		ask("prediction.expected_value", "EXPECTED_VALUE_MISSING", "What value do you expect the metric to reach?")
	case p.BaselineValue != nil && *p.BaselineValue == *p.ExpectedValue:
		ask("prediction.expected_value", "EXPECTED_VALUE_UNCHANGED", "The expected value is the baseline value. What will be different?")
	}
	if p.ByDate == "" {
		ask("prediction.by_date", "BY_DATE_MISSING", "By which day do you expect it?")
	} else if day, err := time.Parse(dayLayout, p.ByDate); err != nil {
		ask("prediction.by_date", "BY_DATE_INVALID", "This day does not exist. By which day do you expect it?")
	} else if day.Before(today) {
		ask("prediction.by_date", "BY_DATE_PAST", "This day has passed. By which day do you expect it?")
	}
	if p.Reason == "" {
		ask("prediction.reason", "REASON_MISSING", "Why should the change move the metric?")
	}
	switch c := p.ConfidencePercent; {
	case c == 0:
		ask("prediction.confidence_percent", "CONFIDENCE_MISSING", "How sure are you: 5, 10, … 95 %?")
	case c < 5 || c > 95 || c%5 != 0:
		ask("prediction.confidence_percent", "CONFIDENCE_OFF_LADDER", "Confidence goes in steps of 5 from 5 to 95 %. How sure are you?")
	}
	return v
}

// checkShape refuses what a plan can never hold, in a draft either.
func (e *Experiment) checkShape() error {
	var v []fault.Violation
	if e.DisplayName == "" {
		v = append(v, fault.Violation{Field: "experiment.display_name", Reason: "REQUIRED", Description: "Give the experiment a name."})
	}
	v = append(v, checkReference("experiment.obstacle", e.Obstacle, e.Team(), "obstacles")...)
	v = append(v, checkReference("experiment.prediction.metric", e.Prediction.Metric, e.Team(), "metrics")...)
	v = append(v, checkNumber("experiment.prediction.baseline_value", e.Prediction.BaselineValue)...)
	v = append(v, checkNumber("experiment.prediction.expected_value", e.Prediction.ExpectedValue)...)
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
