package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Action converts a stored action.
func Action(row record.Row[domain.Action]) *retrospectivev1.Action {
	a := row.Value
	return &retrospectivev1.Action{
		Name:           a.Name,
		Text:           a.Text,
		Owner:          a.Owner,
		DueDate:        a.DueDate,
		ExpectedEffect: a.ExpectedEffect,
		Metric:         a.Metric,
		Theme:          a.Theme,
		State:          actionState(a.State),
		Effect:         actionEffect(a.Effect),
		Result:         a.Result,
		Obstacle:       a.Obstacle,
		Experiment:     a.Experiment,
		Etag:           row.Etag,
		CreateTime:     timestamppb.New(row.CreateTime),
		UpdateTime:     timestamppb.New(row.UpdateTime),
	}
}

// ActionFrom converts what a request says of an action.
func ActionFrom(name string, given *retrospectivev1.Action) domain.Action {
	return domain.Action{
		Name:           name,
		Text:           given.GetText(),
		Owner:          given.GetOwner(),
		DueDate:        given.GetDueDate(),
		ExpectedEffect: given.GetExpectedEffect(),
		Metric:         given.GetMetric(),
		Theme:          given.GetTheme(),
	}
}

// ActionState converts a state of the contract.
func ActionState(state retrospectivev1.ActionState) domain.ActionState {
	return domain.ActionState(strings.TrimPrefix(state.String(), "ACTION_STATE_"))
}

// ActionEffect converts an effect of the contract.
func ActionEffect(effect retrospectivev1.ActionEffect) domain.ActionEffect {
	return domain.ActionEffect(strings.TrimPrefix(effect.String(), "ACTION_EFFECT_"))
}

// ExperimentOf is the draft that an action asks for: what is changed, on which metric, against which obstacle. The rest the team predicts.
func ExperimentOf(a *domain.Action) *experimentv1.Experiment {
	return &experimentv1.Experiment{
		DisplayName: a.ExperimentName(), Obstacle: a.Obstacle, Prediction: &experimentv1.Prediction{Change: a.Text, Metric: a.Metric},
	}
}

// ActionEvent is the data of an event about an action.
func ActionEvent(row record.Row[domain.Action], event domain.Event) proto.Message {
	action := Action(row)
	switch event {
	case domain.ActionProposed:
		return &retrospectivev1.ActionProposed{Action: action}
	case domain.ActionAgreed:
		return &retrospectivev1.ActionAgreed{Action: action}
	case domain.ActionCompleted:
		return &retrospectivev1.ActionCompleted{Action: action}
	case domain.ActionDropped:
		return &retrospectivev1.ActionDropped{Action: action}
	default:
		return &retrospectivev1.ActionChanged{Action: action}
	}
}

func actionState(state domain.ActionState) retrospectivev1.ActionState {
	return retrospectivev1.ActionState(retrospectivev1.ActionState_value["ACTION_STATE_"+string(state)])
}

func actionEffect(effect domain.ActionEffect) retrospectivev1.ActionEffect {
	return retrospectivev1.ActionEffect(retrospectivev1.ActionEffect_value["ACTION_EFFECT_"+string(effect)])
}
