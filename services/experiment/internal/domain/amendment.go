package domain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Amendment is a change to a locked plan. The plan that was locked stays as it is.
type Amendment struct {
	Kind AmendmentKind `json:"kind"`
	// Text says why the plan was changed.
	Text       string    `json:"text"`
	CreateTime time.Time `json:"createTime"`
	// MeasurementsSeen is how many measurements of the metric had arrived since the start.
	MeasurementsSeen int `json:"measurementsSeen"`
	// Changes hold both texts of each field that changed; there are none when Text says it all.
	Changes []PlanChange `json:"changes,omitempty"`
}

// AmendmentKind tells whether results had been seen when a locked plan was changed.
type AmendmentKind string

// The kinds of changes to a locked plan.
const (
	// KindAmendment is a change before results were seen.
	KindAmendment AmendmentKind = "AMENDMENT"
	// KindDeviation is a change after results were seen.
	KindDeviation AmendmentKind = "DEVIATION"
)

// PlanChange is what one field of a plan said before and says from then on, as text; numbers are decimal.
type PlanChange struct {
	Field  PlanField `json:"field"`
	Before string    `json:"before"`
	After  string    `json:"after"`
}

// PlanField is a field of a plan that can be amended. Another obstacle, metric or baseline value makes another experiment.
type PlanField string

// The fields.
const (
	FieldChange             PlanField = "CHANGE"
	FieldExpectedValue      PlanField = "EXPECTED_VALUE"
	FieldExpectedUpperValue PlanField = "EXPECTED_UPPER_VALUE"
	FieldByDate             PlanField = "BY_DATE"
	FieldReason             PlanField = "REASON"
	FieldFalsification      PlanField = "FALSIFICATION"
	FieldConfidencePercent  PlanField = "CONFIDENCE_PERCENT"
	FieldSafeToFail         PlanField = "SAFE_TO_FAIL"
)

// Amend adds a change to a locked plan, with both texts of each field that changes. arrived is how many measurements the
// metric has ever had: when some came after the start, results had been seen and the change is a deviation.
func (e *Experiment) Amend(text string, changes []PlanChange, arrived int64, now time.Time) ([]Event, error) {
	switch {
	case e.Ended():
		return nil, e.refuseEnded()
	case !e.Locked():
		return nil, e.refuse("PLAN_NOT_LOCKED", "The plan is not locked yet: change it directly.")
	}
	a := Amendment{Kind: KindAmendment, Text: strings.TrimSpace(text), CreateTime: now}
	var v []fault.Violation
	if a.Text == "" {
		v = append(v, fault.Violation{Field: "text", Reason: "TEXT_MISSING", Description: "Say what changes, and why."})
	}
	var wrong []fault.Violation
	a.Changes, wrong = e.amend(changes, e.today(now))
	if err := invalid("AMENDMENT_INVALID", "The plan cannot be changed like this.", append(v, wrong...)); err != nil {
		return nil, err
	}
	if e.State == Running && (arrived > e.StartOrdinal || e.journalSeen()) {
		a.Kind = KindDeviation
		a.MeasurementsSeen = int(arrived - e.StartOrdinal)
	}
	e.Amendments = append(e.Amendments, a)
	return []Event{EventAmended}, nil
}

// amend returns the changes with both texts, as they are kept, or everything that is wrong with them. They are tried on a
// copy of the plan: the locked plan is not touched.
func (e *Experiment) amend(changes []PlanChange, today time.Time) ([]PlanChange, []fault.Violation) {
	amended, noProblem := e.amended(), Known{CurrentObstacle: e.Obstacle, Metric: &Metric{}}
	open := amended.missing(noProblem, today)
	var q questions
	var kept []PlanChange
	places := map[string]string{} // of the fields that change
	for i, c := range changes {
		field, place := planFields[c.Field], fmt.Sprintf("changes[%d].after", i)
		if _, twice := places[field.path]; twice {
			q.ask(fmt.Sprintf("changes[%d].field", i), "FIELD_REPEATED", "This field is there already. Say once what it says from now on.")
			continue
		}
		places[field.path] = place
		c.Before, c.After = field.text(&amended), strings.TrimSpace(c.After)
		if reason, text := field.set(&amended, c.After); reason != "" {
			q.ask(place, reason, text)
			continue
		}
		if c.After = field.text(&amended); c.After == c.Before {
			q.ask(place, "CHANGE_UNCHANGED", "The plan says this already. Leave the field out.")
		}
		kept = append(kept, c)
	}
	if len(q) > 0 {
		return nil, q
	}
	for _, problem := range amended.missing(noProblem, today) {
		place, changed := places[problem.Field]
		if !changed && slices.Contains(open, problem) {
			continue // it was open before, as in a plan that was locked before this was asked
		}
		if !changed {
			place = "changes"
		}
		q.ask(place, problem.Reason, problem.Description)
	}
	return kept, q
}

// amended is the plan with all changes so far.
func (e *Experiment) amended() Experiment {
	plan := *e
	for _, a := range e.Amendments {
		for _, c := range a.Changes {
			if field, known := planFields[c.Field]; known { // a newer program may have left one that is not
				field.set(&plan, c.After)
			}
		}
	}
	return plan
}

// AmendedPrediction returns the prediction with all changes so far; false when none has touched it.
func (e *Experiment) AmendedPrediction() (Prediction, bool) {
	for _, a := range e.Amendments {
		for _, c := range a.Changes {
			if c.Field != FieldSafeToFail {
				return e.amended().Prediction, true
			}
		}
	}
	return Prediction{}, false
}

// count returns how many changes of a kind were made to the locked plan.
func (e *Experiment) count(kind AmendmentKind) (n int) {
	for _, a := range e.Amendments {
		if a.Kind == kind {
			n++
		}
	}
	return n
}

// planField knows how a field is called in questions, what it says, and how it is set from a text.
type planField struct {
	path string
	text func(e *Experiment) string
	set  func(e *Experiment, text string) (reason, description string)
}

var planFields = map[PlanField]planField{
	FieldChange:             textField("prediction.change", func(e *Experiment) *string { return &e.Prediction.Change }),
	FieldByDate:             textField("prediction.by_date", func(e *Experiment) *string { return &e.Prediction.ByDate }),
	FieldReason:             textField("prediction.reason", func(e *Experiment) *string { return &e.Prediction.Reason }),
	FieldFalsification:      textField("prediction.falsification", func(e *Experiment) *string { return &e.Prediction.Falsification }),
	FieldSafeToFail:         textField("safe_to_fail", func(e *Experiment) *string { return &e.SafeToFail }),
	FieldExpectedValue:      numberField("prediction.expected_value", func(e *Experiment) **float64 { return &e.Prediction.ExpectedValue }),
	FieldExpectedUpperValue: numberField("prediction.expected_upper_value", func(e *Experiment) **float64 { return &e.Prediction.ExpectedUpperValue }),
	FieldConfidencePercent: {
		"prediction.confidence_percent",
		func(e *Experiment) string { return strconv.Itoa(e.Prediction.ConfidencePercent) },
		func(e *Experiment, text string) (reason, description string) {
			percent, err := strconv.Atoi(text)
			if err != nil {
				return "CONFIDENCE_OFF_LADDER", "Confidence goes in steps of 5 from 5 to 95 %. How sure are you?"
			}
			e.Prediction.ConfidencePercent = percent
			return "", ""
		},
	},
}

func textField(path string, of func(e *Experiment) *string) planField {
	return planField{
		path,
		func(e *Experiment) string { return *of(e) },
		func(e *Experiment, text string) (reason, description string) {
			*of(e) = text
			return "", ""
		},
	}
}

// numberField is set to a number of its own: copies of a plan share their numbers. No text means no number.
func numberField(path string, of func(e *Experiment) **float64) planField {
	return planField{
		path,
		func(e *Experiment) string {
			if value := *of(e); value != nil {
				return number(*value)
			}
			return ""
		},
		func(e *Experiment, text string) (reason, description string) {
			if text == "" {
				*of(e) = nil
				return "", ""
			}
			value, reason, description := parseValue(text)
			if reason == "" {
				*of(e) = &value
			}
			return reason, description
		},
	}
}
