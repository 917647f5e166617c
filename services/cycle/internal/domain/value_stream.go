package domain

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ValueStream is the sequence of steps that a team's work goes through, from the first to the customer.
type ValueStream struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	// Version counts the changes of the steps, from 1 on.
	Version    int                  `json:"version"`
	Steps      []Step               `json:"steps"`
	Constraint *ConfirmedConstraint `json:"constraint,omitempty"`
}

// Step is one step of a value stream. Nil means that a figure is not known, which is neither 0 nor 100.
type Step struct {
	Name string `json:"name"`
	// ProcessMinutes is the touch time if nobody were interrupted; WaitMinutes is the wait before the step.
	ProcessMinutes *float64 `json:"processMinutes,omitempty"`
	WaitMinutes    *float64 `json:"waitMinutes,omitempty"`
	// CompleteAccuratePercent is the share of what arrives that the step can use as it is, judged by the step.
	CompleteAccuratePercent *float64 `json:"completeAccuratePercent,omitempty"`
	// RejectsReturnTo is the name of an earlier step.
	RejectsReturnTo string `json:"rejectsReturnTo,omitempty"`
	// QueueLength is how many pieces of work wait before the step.
	QueueLength *int32 `json:"queueLength,omitempty"`
}

// ValueStreamVersion is a value stream's steps as they were from one change to the next. It never changes.
type ValueStreamVersion struct {
	Name   string `json:"name"`
	Number int    `json:"number"`
	Steps  []Step `json:"steps"`
}

// NewValueStream draws a value stream. Its steps are version 1.
func NewValueStream(name, displayName string, steps []Step) (*ValueStream, error) {
	v := &ValueStream{Name: name}
	if _, err := v.Edit(&displayName, &steps); err != nil {
		return nil, err
	}
	return v, nil
}

// Edit changes what is not nil. Other steps make the next version, which keeps the confirmed constraint only when it still
// has that step. It does nothing when everything is as it was.
func (v *ValueStream) Edit(displayName *string, steps *[]Step) ([]Event, error) {
	named, drawn := v.DisplayName, v.Steps
	if displayName != nil {
		if named = strings.TrimSpace(*displayName); named == "" {
			return nil, fault.Invalid("value_stream.display_name", "DISPLAY_NAME_EMPTY", "a display name needs at least one visible character")
		}
	}
	if steps != nil {
		var err error
		if drawn, err = checkSteps(*steps); err != nil {
			return nil, err
		}
	}
	redrawn := !reflect.DeepEqual(drawn, v.Steps)
	if named == v.DisplayName && !redrawn {
		return nil, nil
	}
	v.DisplayName = named
	if redrawn {
		v.Steps, v.Version = drawn, v.Version+1
		v.keepConstraint()
	}
	return []Event{ValueStreamUpdated}, nil
}

// keepConstraint drops the confirmed constraint when its step is gone, and writes it as the map does now.
func (v *ValueStream) keepConstraint() {
	if v.Constraint == nil {
		return
	}
	step, found := v.Step(v.Constraint.Step)
	if !found {
		v.Constraint = nil
		return
	}
	kept := *v.Constraint
	kept.Step = step.Name
	v.Constraint = &kept
}

// Current is the latest version, which the store keeps beside the value stream.
func (v *ValueStream) Current() *ValueStreamVersion {
	return &ValueStreamVersion{Name: v.VersionName(v.Version), Number: v.Version, Steps: v.Steps}
}

// VersionName is the resource name of a version.
func (v *ValueStream) VersionName(number int) string {
	return v.Name + "/versions/" + strconv.Itoa(number)
}

// Step finds a step by its name, whatever the case of the letters.
func (v *ValueStream) Step(name string) (Step, bool) {
	i := find(v.Steps, name)
	if i < 0 {
		return Step{}, false
	}
	return v.Steps[i], true
}

// unknownStep refuses a step that the map does not have, and lists those that it has.
func (v *ValueStream) unknownStep(field, step string) error {
	known := make([]string, len(v.Steps))
	for i, s := range v.Steps {
		known[i] = s.Name
	}
	return fault.Invalid(field, "VALUE_STREAM_STEP_UNKNOWN", "the value stream has no step %q; it has %s", step, strings.Join(known, ", "))
}

// find is the index of the step with a name, or -1.
func find(steps []Step, name string) int {
	return slices.IndexFunc(steps, func(s Step) bool { return strings.EqualFold(s.Name, name) })
}

// checkSteps refuses steps that are no map, with everything that is wrong, and returns them with the names in
// RejectsReturnTo as the steps are written.
func checkSteps(given []Step) ([]Step, error) {
	if len(given) < 2 || len(given) > 50 {
		return nil, fault.Invalid("value_stream.steps", "VALUE_STREAM_STEPS_COUNT", "a value stream has 2 to 50 steps, not %d", len(given))
	}
	var wrong []fault.Violation
	refuse := func(i int, field, reason, description string, args ...any) {
		wrong = append(wrong, fault.Violation{
			Field: fmt.Sprintf("value_stream.steps[%d].%s", i, field), Reason: reason, Description: fmt.Sprintf(description, args...),
		})
	}
	steps := slices.Clone(given)
	for i, step := range steps {
		if find(steps, step.Name) < i {
			refuse(i, "name", "STEP_NAME_TAKEN", "an earlier step is named %q; give each step a name of its own", step.Name)
		}
		if step.RejectsReturnTo == "" {
			continue
		}
		switch to := find(steps, step.RejectsReturnTo); {
		case to < 0:
			refuse(i, "rejects_return_to", "REJECT_STEP_UNKNOWN", "there is no step %q that rejects could return to", step.RejectsReturnTo)
		case to >= i:
			refuse(i, "rejects_return_to", "REJECT_STEP_NOT_EARLIER", "rejects return to an earlier step; %q is not before %q", step.RejectsReturnTo, step.Name)
		default:
			steps[i].RejectsReturnTo = steps[to].Name
		}
	}
	if len(wrong) == 0 {
		return steps, nil
	}
	refusal := fault.New(fault.InvalidArgument, "VALUE_STREAM_INVALID", "the steps are no map: %s", wrong[0].Description)
	refusal.Violations = wrong
	return nil, refusal
}
