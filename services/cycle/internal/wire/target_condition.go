package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// TargetCondition converts a stored target condition, with what its wording warns of while it can still be changed.
func TargetCondition(row record.Row[domain.TargetCondition]) *cyclev1.TargetCondition {
	converted := targetCondition(row)
	if row.Value.State == domain.TargetConditionActive {
		converted.Warnings = Warnings(domain.TargetConditionWarnings(row.Value))
	}
	return converted
}

// targetCondition converts what is stored, which is what events tell.
func targetCondition(row record.Row[domain.TargetCondition]) *cyclev1.TargetCondition {
	t := row.Value
	return &cyclev1.TargetCondition{
		Name:             t.Name,
		Challenge:        t.Challenge,
		AchieveByDate:    string(t.AchieveByDate),
		AchieveByReason:  t.AchieveByReason,
		OutcomeMetric:    t.OutcomeMetric,
		OutcomeValue:     t.OutcomeValue,
		OperatingPattern: t.OperatingPattern,
		ProcessMetric:    t.ProcessMetric,
		State:            cyclev1.TargetConditionState(cyclev1.TargetConditionState_value["TARGET_CONDITION_STATE_"+string(t.State)]),
		StateReason:      t.StateReason,
		Etag:             row.Etag,
		CreateTime:       timestamppb.New(row.CreateTime),
		UpdateTime:       timestamppb.New(row.UpdateTime),
	}
}

// TargetConditionChange converts the fields of a target condition that paths name.
func TargetConditionChange(given *cyclev1.TargetCondition, paths []string) domain.TargetConditionChange {
	var change domain.TargetConditionChange
	for _, path := range paths {
		switch path {
		case "achieve_by_date":
			change.AchieveByDate = new(domain.Day(given.GetAchieveByDate()))
		case "achieve_by_reason":
			change.AchieveByReason = new(given.GetAchieveByReason())
		case "outcome_value":
			change.OutcomeValue = new(given.GetOutcomeValue())
		case "operating_pattern":
			change.OperatingPattern = new(given.GetOperatingPattern())
		case "process_metric":
			change.ProcessMetric = new(given.GetProcessMetric())
		}
	}
	return change
}

// TargetConditionState converts a state of the contract.
func TargetConditionState(state cyclev1.TargetConditionState) domain.TargetConditionState {
	return domain.TargetConditionState(strings.TrimPrefix(state.String(), "TARGET_CONDITION_STATE_"))
}

// TargetConditionEvent is the data of an event about a target condition.
func TargetConditionEvent(row record.Row[domain.TargetCondition], event domain.Event) proto.Message {
	told := targetCondition(row)
	switch event {
	case domain.TargetConditionUpdated:
		return &cyclev1.TargetConditionUpdated{TargetCondition: told}
	case domain.TargetConditionClosed:
		return &cyclev1.TargetConditionClosed{TargetCondition: told}
	default:
		return &cyclev1.TargetConditionCreated{TargetCondition: told}
	}
}
