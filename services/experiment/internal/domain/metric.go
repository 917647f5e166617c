package domain

import (
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

// Metric is something that a team measures again and again.
type Metric struct {
	Name        string     `json:"name"`
	DisplayName string     `json:"displayName"`
	Unit        string     `json:"unit,omitempty"`
	Direction   Direction  `json:"direction"`
	Kind        MetricKind `json:"kind"`
}

// MetricEvent is what happened to a metric: it was created, or Recorded new measurements arrived.
type MetricEvent struct {
	// Recorded is how many measurements were new; 0 means that the metric was created.
	Recorded int
}

// Check refuses a metric that lacks what everybody needs to read its numbers.
func (m *Metric) Check() error {
	m.DisplayName = strings.TrimSpace(m.DisplayName)
	m.Unit = strings.TrimSpace(m.Unit)
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
