package domain

import (
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Correction is a value that a measurement had before.
type Correction struct {
	ValueBefore float64
	Reason      string
	CorrectTime time.Time
}

// Corrected is a measurement with the values that it had before, oldest first.
type Corrected struct {
	Measurement
	// RecordTime is when it arrived.
	RecordTime time.Time
	// Withdrawn says that nothing speaks for it any more: Value is what it was, and the last correction says why.
	Withdrawn   bool
	Corrections []Correction
}

// Correct gives the measurement another value and keeps the one before. believed is the value that the caller takes it to have.
func (c *Corrected) Correct(m *Metric, believed, value float64, reason string, now time.Time) ([]MetricEvent, error) {
	if believed != c.Value {
		return nil, fault.New(fault.Aborted, "VALUE_CHANGED", "%s is %s now, not %s; look at it again.", c.key(), number(c.Value), number(believed)).
			With("value", number(c.Value))
	}
	if wrong, text := checkValue(value); wrong != "" {
		return nil, fault.Invalid("value", wrong, "%s", text)
	}
	if wrong, text := m.Takes(value); wrong != "" {
		return nil, fault.Invalid("value", wrong, "%s", text)
	}
	if value == c.Value {
		return nil, nil
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return nil, fault.Invalid("reason", "REASON_MISSING", "Say why the value before was wrong.")
	}
	c.Corrections = append(c.Corrections, Correction{ValueBefore: c.Value, Reason: reason, CorrectTime: now})
	c.Value = value
	return []MetricEvent{{Corrected: c}}, nil
}

// Withdraw keeps why a computed reading does not stand any more.
func (c *Corrected) Withdraw(reason string, now time.Time) []MetricEvent {
	c.Withdrawn = true
	c.Corrections = append(c.Corrections, Correction{ValueBefore: c.Value, Reason: reason, CorrectTime: now})
	return []MetricEvent{{Corrected: c}}
}
