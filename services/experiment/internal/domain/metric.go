package domain

import (
	"reflect"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Direction says which way of a metric is better.
type Direction string

// The directions.
const (
	Higher   Direction = "HIGHER"
	Lower    Direction = "LOWER"
	OnTarget Direction = "TARGET"
)

// MetricKind says what a metric shows.
type MetricKind string

// The kinds: how the work runs, or what comes of it.
const (
	Process MetricKind = "PROCESS"
	Output  MetricKind = "OUTCOME"
)

// Metric is something that a team, or the organisation, measures again and again.
type Metric struct {
	Name        string     `json:"name"`
	DisplayName string     `json:"displayName"`
	Unit        string     `json:"unit,omitempty"`
	Direction   Direction  `json:"direction"`
	Kind        MetricKind `json:"kind"`
	// ReadingRhythm is how often a reading is expected, in the contract's words; empty when nobody said.
	ReadingRhythm string `json:"readingRhythm,omitempty"`
	// Source tells people where the readings come from.
	Source string `json:"source,omitempty"`
	// FloorAtZero says that readings cannot be below 0.
	FloorAtZero bool `json:"floorAtZero,omitempty"`
	// Rules are those that its charts go by; none means all.
	Rules RuleSet `json:"rules,omitempty"`
	// LimitForm is what the limits of its charts rest on.
	LimitForm LimitForm `json:"limitForm,omitempty"`
	// ComputedBy is what computes the readings; empty when people or scripts record them.
	ComputedBy string `json:"computedBy,omitempty"`
}

// MetricEvent is what happened to a metric: it was created, it was changed, new measurements arrived, or one was corrected.
type MetricEvent struct {
	Updated bool
	// Recorded is how many measurements were new.
	Recorded int
	// Corrected is the measurement as it is now.
	Corrected *Corrected
}

// Check refuses a metric that lacks what everybody needs to read its numbers.
func (m *Metric) Check() error {
	m.DisplayName = strings.TrimSpace(m.DisplayName)
	m.Unit = strings.TrimSpace(m.Unit)
	m.Source = strings.TrimSpace(m.Source)
	var v []fault.Violation
	if m.DisplayName == "" {
		v = append(v, fault.Violation{Field: "metric.display_name", Reason: "REQUIRED", Description: "Give the metric a name."})
	}
	switch m.Direction {
	case Higher, Lower, OnTarget:
	default:
		v = append(v, fault.Violation{Field: "metric.direction", Reason: "REQUIRED", Description: "Say which way is better."})
	}
	switch m.Kind {
	case Process, Output:
	default:
		v = append(v, fault.Violation{Field: "metric.kind", Reason: "REQUIRED", Description: "Say whether it shows how the work runs or what comes of it."})
	}
	return invalid("METRIC_INVALID", "The metric is not complete.", v)
}

// Edit lets change edit the metric. A change that changes nothing is no event.
func (m *Metric) Edit(change func(*Metric)) ([]MetricEvent, error) {
	before := *m
	before.Rules = slices.Clone(m.Rules)
	change(m)
	if err := m.Check(); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(*m, before) {
		return nil, nil
	}
	return []MetricEvent{{Updated: true}}, nil
}

// Method is how the metric's charts are computed.
func (m *Metric) Method() Method {
	return Method{Form: m.LimitForm, Floor: m.FloorAtZero, Rules: m.Rules}
}

// Takes tells what is wrong with a value for this metric, or nothing.
func (m *Metric) Takes(value float64) (reason, text string) {
	if m.FloorAtZero && value < 0 {
		return "VALUE_BELOW_ZERO", "Readings of this metric cannot be below 0."
	}
	return "", ""
}

// ByHand refuses readings from people and scripts for a metric that is computed.
func (m *Metric) ByHand() error {
	if m.ComputedBy == "" {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "METRIC_COMPUTED", "The readings of this metric are computed by %s; correct them there.", m.ComputedBy)
}

// Record returns the event for new measurements; none when all were there already.
func (m *Metric) Record(added int) []MetricEvent {
	if added == 0 {
		return nil
	}
	return []MetricEvent{{Recorded: added}}
}

// invalid makes an InvalidArgument fault of all violations, or nil when there are none.
func invalid(reason, message string, v []fault.Violation) error {
	if len(v) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.InvalidArgument, Reason: reason, Message: message, Violations: v}
}
