package domain

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// TargetConditionState tells where a target condition stands.
type TargetConditionState string

// The states of a target condition.
const (
	TargetConditionActive   TargetConditionState = "ACTIVE"
	TargetConditionAchieved TargetConditionState = "ACHIEVED"
	TargetConditionReplaced TargetConditionState = "REPLACED"
)

// TargetCondition is the next condition on the way to the challenge.
type TargetCondition struct {
	Name             string  `json:"name"`
	Challenge        string  `json:"challenge"`
	AchieveByDate    Day     `json:"achieveByDate"`
	AchieveByReason  string  `json:"achieveByReason,omitempty"` // only beside a date that a coach insisted on
	OutcomeMetric    string  `json:"outcomeMetric"`
	OutcomeValue     float64 `json:"outcomeValue"`
	OperatingPattern string  `json:"operatingPattern"`
	ProcessMetric    string  `json:"processMetric,omitempty"`

	State       TargetConditionState `json:"state"`
	StateReason string               `json:"stateReason,omitempty"`
}

// TargetConditionChange is what a request changes: what is nil stays.
type TargetConditionChange struct {
	AchieveByDate                                    *Day
	AchieveByReason, OperatingPattern, ProcessMetric *string
	OutcomeValue                                     *float64
}

// NewTargetCondition activates plan. The achieve-by date must be 1 week to 3 months from today, or what a coach insists on, the
// challenge active, and no other target condition of the team active; active names the one that is, or is empty. coach tells
// whether the caller may insist.
func NewTargetCondition(plan TargetCondition, challenge *Challenge, active string, coach bool, today Day) (*TargetCondition, error) {
	if challenge == nil || challenge.State != ChallengeActive {
		return nil, fault.Invalid("target_condition.challenge", "CHALLENGE_NOT_ACTIVE",
			"the team has no active challenge %q; create the challenge first", plan.Challenge)
	}
	if err := plan.said(); err != nil {
		return nil, err
	}
	if err := plan.place(challenge, coach, today); err != nil {
		return nil, err
	}
	if active != "" {
		return nil, fault.New(fault.FailedPrecondition, "TARGET_CONDITION_ALREADY_ACTIVE",
			"a team has one active target condition; close %s first with :close", active).With("target_condition", active)
	}
	plan.State, plan.StateReason = TargetConditionActive, ""
	return &plan, nil
}

// Edit changes the active target condition. A date is judged when it is set; one that moves needs its own reason to lie outside, so
// that nobody moves it further with what a coach wrote about another date. challenge is what it leads towards.
func (t *TargetCondition) Edit(change TargetConditionChange, challenge *Challenge, coach bool, today Day) ([]Event, error) {
	if err := t.active(); err != nil {
		return nil, err
	}
	next := *t
	set(&next.OutcomeValue, change.OutcomeValue)
	set(&next.OperatingPattern, change.OperatingPattern)
	set(&next.ProcessMetric, change.ProcessMetric)
	set(&next.AchieveByDate, change.AchieveByDate)
	if err := next.insist(*t, change.AchieveByReason, challenge, coach, today); err != nil {
		return nil, err
	}
	if next == *t {
		return nil, nil
	}
	if err := next.said(); err != nil {
		return nil, err
	}
	*t = next
	return []Event{TargetConditionUpdated}, nil
}

// Close ends the active target condition as achieved or replaced.
func (t *TargetCondition) Close(as TargetConditionState, reason string) ([]Event, error) {
	if err := t.active(); err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	if as == TargetConditionReplaced && reason == "" {
		return nil, closeReasonMissing("target condition")
	}
	t.State, t.StateReason = as, reason
	return []Event{TargetConditionClosed}, nil
}

// insist decides about the date and its reason after a change of before. A reason stays visible as long as its date: a coach may
// put it otherwise, nobody takes it away.
func (t *TargetCondition) insist(before TargetCondition, reason *string, challenge *Challenge, coach bool, today Day) error {
	if t.AchieveByDate != before.AchieveByDate {
		t.AchieveByReason = ""
		set(&t.AchieveByReason, reason)
		return t.place(challenge, coach, today)
	}
	if reason == nil || before.AchieveByReason == "" || strings.TrimSpace(*reason) == before.AchieveByReason {
		return nil
	}
	t.AchieveByReason = strings.TrimSpace(*reason)
	switch {
	case !coach:
		return insistingNeedsCoach()
	case t.AchieveByReason == "":
		return fault.Invalid("target_condition.achieve_by_reason", "ACHIEVE_BY_REASON_KEPT",
			"the reason stays as long as the date %s that it is about; put it otherwise, or move the date", t.AchieveByDate)
	}
	return nil
}

// place judges a date that is set. The reason is kept only where it is needed.
func (t *TargetCondition) place(challenge *Challenge, coach bool, today Day) error {
	earliest, latest := today.AddDays(7), today.AddMonths(3)
	reason := strings.TrimSpace(t.AchieveByReason)
	if t.AchieveByReason = ""; t.AchieveByDate >= earliest && t.AchieveByDate <= latest {
		return nil
	}
	const field, outOfRange = "target_condition.achieve_by_date", "ACHIEVE_BY_OUT_OF_RANGE"
	t.AchieveByReason = reason
	switch {
	case reason == "":
		return fault.Invalid(field, outOfRange,
			"a target condition lies 1 week to 3 months away: between %s and %s; a coach of the team may insist on another date and say why in achieve_by_reason",
			earliest, latest)
	case !coach:
		return insistingNeedsCoach()
	case t.AchieveByDate <= today:
		return fault.Invalid(field, outOfRange, "with a reason, too, the date lies ahead: on %s or later", today.AddDays(1))
	case challenge != nil && t.AchieveByDate > challenge.HorizonDate:
		return fault.Invalid(field, outOfRange,
			"with a reason, too, the date lies no later than %s, the horizon of the challenge; move the horizon first, or choose an earlier date",
			challenge.HorizonDate)
	}
	return nil
}

// said refuses a target condition that lacks what it consists of.
func (t *TargetCondition) said() error {
	if t.OutcomeMetric == "" {
		return fault.Invalid("target_condition.outcome_metric", "OUTCOME_METRIC_MISSING", "name in outcome_metric the metric that shows the outcome")
	}
	return fault.InWords("target_condition.operating_pattern", "OPERATING_PATTERN_MISSING", "say in operating_pattern how the work runs when the condition is achieved", &t.OperatingPattern)
}

func (t *TargetCondition) active() error {
	if t.State == TargetConditionActive {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "TARGET_CONDITION_NOT_ACTIVE", "the target condition was closed before, as %s; create another one", t.State)
}

func insistingNeedsCoach() error {
	return fault.New(fault.PermissionDenied, "COACH_NEEDED", "only a coach of the team may insist on a date that is not 1 week to 3 months away")
}
