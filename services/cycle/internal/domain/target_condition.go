package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

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
	Name             string               `json:"name"`
	Challenge        string               `json:"challenge"`
	AchieveByDate    Day                  `json:"achieveByDate"`
	OutcomeMetric    string               `json:"outcomeMetric"`
	OutcomeValue     float64              `json:"outcomeValue"`
	OperatingPattern string               `json:"operatingPattern"`
	ProcessMetric    string               `json:"processMetric,omitempty"`
	State            TargetConditionState `json:"state"`
}

// NewTargetCondition activates plan. The achieve-by date must be 1 week to 3 months from today, the challenge active,
// and no other target condition of the team active; active names the one that is, or is empty.
func NewTargetCondition(plan TargetCondition, challenge *Challenge, active string, today Day) (*TargetCondition, error) {
	if earliest, latest := today.AddDays(7), today.AddMonths(3); plan.AchieveByDate < earliest || plan.AchieveByDate > latest {
		return nil, fault.Invalid("target_condition.achieve_by_date", "ACHIEVE_BY_OUT_OF_RANGE",
			"a target condition lies 1 week to 3 months away: between %s and %s", earliest, latest)
	}
	if challenge == nil || challenge.State != ChallengeActive {
		return nil, fault.Invalid("target_condition.challenge", "CHALLENGE_NOT_ACTIVE",
			"the team has no active challenge %q; create the challenge first", plan.Challenge)
	}
	if active != "" {
		return nil, fault.New(fault.FailedPrecondition, "TARGET_CONDITION_ALREADY_ACTIVE",
			"a team has one active target condition; close %s first with :close", active).With("target_condition", active)
	}
	plan.State = TargetConditionActive
	return &plan, nil
}

// Close ends the active target condition as achieved or replaced.
func (t *TargetCondition) Close(as TargetConditionState) ([]Event, error) {
	if t.State != TargetConditionActive {
		return nil, fault.New(fault.FailedPrecondition, "TARGET_CONDITION_NOT_ACTIVE",
			"the target condition was closed before, as %s", t.State)
	}
	t.State = as
	return []Event{TargetConditionClosed}, nil
}
