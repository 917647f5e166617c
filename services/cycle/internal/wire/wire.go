// Package wire converts between this service's domain and its contract. It holds no rules.
package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Challenge converts a stored challenge.
func Challenge(row record.Row[domain.Challenge]) *cyclev1.Challenge {
	c := row.Value
	return &cyclev1.Challenge{
		Name:        c.Name,
		Statement:   c.Statement,
		HorizonDate: string(c.HorizonDate),
		State:       cyclev1.ChallengeState(cyclev1.ChallengeState_value["CHALLENGE_STATE_"+string(c.State)]),
		Etag:        row.Etag,
		CreateTime:  timestamppb.New(row.CreateTime),
		UpdateTime:  timestamppb.New(row.UpdateTime),
	}
}

// TargetCondition converts a stored target condition.
func TargetCondition(row record.Row[domain.TargetCondition]) *cyclev1.TargetCondition {
	t := row.Value
	return &cyclev1.TargetCondition{
		Name:             t.Name,
		Challenge:        t.Challenge,
		AchieveByDate:    string(t.AchieveByDate),
		OutcomeMetric:    t.OutcomeMetric,
		OutcomeValue:     t.OutcomeValue,
		OperatingPattern: t.OperatingPattern,
		ProcessMetric:    t.ProcessMetric,
		State:            cyclev1.TargetConditionState(cyclev1.TargetConditionState_value["TARGET_CONDITION_STATE_"+string(t.State)]),
		Etag:             row.Etag,
		CreateTime:       timestamppb.New(row.CreateTime),
		UpdateTime:       timestamppb.New(row.UpdateTime),
	}
}

// TargetConditionState converts a state of the contract.
func TargetConditionState(state cyclev1.TargetConditionState) domain.TargetConditionState {
	return domain.TargetConditionState(strings.TrimPrefix(state.String(), "TARGET_CONDITION_STATE_"))
}

// Obstacle converts a stored obstacle.
func Obstacle(row record.Row[domain.Obstacle]) *cyclev1.Obstacle {
	o := row.Value
	return &cyclev1.Obstacle{
		Name:        o.Name,
		Description: o.Description,
		State:       cyclev1.ObstacleState(cyclev1.ObstacleState_value["OBSTACLE_STATE_"+string(o.State)]),
		StateReason: o.StateReason,
		Etag:        row.Etag,
		CreateTime:  timestamppb.New(row.CreateTime),
		UpdateTime:  timestamppb.New(row.UpdateTime),
	}
}

// ObstacleState converts a state of the contract.
func ObstacleState(state cyclev1.ObstacleState) domain.ObstacleState {
	return domain.ObstacleState(strings.TrimPrefix(state.String(), "OBSTACLE_STATE_"))
}

// Cycle converts a stored cycle.
func Cycle(row record.Row[domain.Cycle]) *cyclev1.Cycle {
	c := row.Value
	cycle := &cyclev1.Cycle{
		Name:            c.Name,
		DisplayName:     c.DisplayName,
		StartDate:       string(c.StartDate),
		EndDate:         string(c.EndDate),
		TimeZone:        c.TimeZone,
		Phase:           phase(c.Phase),
		State:           cyclev1.CycleState(cyclev1.CycleState_value["CYCLE_STATE_"+string(c.State)]),
		TargetCondition: c.TargetCondition,
		CancelReason:    c.CancelReason,
		Etag:            row.Etag,
		CreateTime:      timestamppb.New(row.CreateTime),
		UpdateTime:      timestamppb.New(row.UpdateTime),
	}
	if now := c.CurrentCondition; now != nil {
		cycle.CurrentCondition = &cyclev1.CurrentCondition{
			Metric: now.Metric, BaselineValue: now.BaselineValue, BaselineDate: string(now.BaselineDate), Description: now.Description,
		}
	}
	if focus := c.ValueStreamFocus; focus != nil {
		cycle.ValueStreamFocus = &cyclev1.ValueStreamFocus{
			Step: focus.Step, Constraint: focus.Constraint, Reason: focus.Reason, ValueStream: focus.ValueStream,
		}
	}
	for _, plan := range c.PhasePlan {
		cycle.PhasePlan = append(cycle.PhasePlan, &cyclev1.PhasePlan{
			Phase: phase(plan.Phase), StartDate: string(plan.Start), EndDate: string(plan.End),
		})
	}
	for _, pass := range c.GatePasses {
		cycle.GatePasses = append(cycle.GatePasses, &cyclev1.GatePass{
			Phase: phase(pass.Phase), PassTime: timestamppb.New(pass.Time), CoachReason: pass.CoachReason, UnmetReasons: pass.Unmet,
		})
	}
	return cycle
}

// CurrentCondition converts what a request says; nil stays nil.
func CurrentCondition(given *cyclev1.CurrentCondition) *domain.CurrentCondition {
	if given == nil {
		return nil
	}
	return &domain.CurrentCondition{
		Metric: given.GetMetric(), BaselineValue: given.GetBaselineValue(),
		BaselineDate: domain.Day(given.GetBaselineDate()), Description: given.GetDescription(),
	}
}

// ValueStreamFocus converts what a request says; nil stays nil.
func ValueStreamFocus(given *cyclev1.ValueStreamFocus) *domain.ValueStreamFocus {
	if given == nil {
		return nil
	}
	return &domain.ValueStreamFocus{
		Step: given.GetStep(), Constraint: given.GetConstraint(), Reason: given.GetReason(), ValueStream: given.GetValueStream(),
	}
}

// Phase converts a phase of the contract; empty when it is not said.
func Phase(given cyclev1.Phase) domain.Phase {
	if given == cyclev1.Phase_PHASE_UNSPECIFIED {
		return ""
	}
	return domain.Phase(strings.TrimPrefix(given.String(), "PHASE_"))
}

// Gate converts what a gate would say.
func Gate(c *domain.Cycle, unmet []fault.Violation) *cyclev1.PreviewGateResponse {
	gate := &cyclev1.PreviewGateResponse{Phase: phase(c.Phase), Open: c.State == domain.CycleActive && len(unmet) == 0}
	for _, criterion := range unmet {
		gate.UnmetCriteria = append(gate.UnmetCriteria, &cyclev1.UnmetCriterion{
			Reason: criterion.Reason, Field: criterion.Field, Description: criterion.Description,
		})
	}
	return gate
}

// Andon converts a stored andon.
func Andon(row record.Row[domain.Andon]) *cyclev1.Andon {
	a := row.Value
	return &cyclev1.Andon{
		Name:           a.Name,
		Problem:        a.Problem,
		Where:          a.Where,
		State:          cyclev1.AndonState(cyclev1.AndonState_value["ANDON_STATE_"+string(a.State)]),
		Countermeasure: a.Countermeasure,
		Etag:           row.Etag,
		CreateTime:     timestamppb.New(row.CreateTime),
		UpdateTime:     timestamppb.New(row.UpdateTime),
	}
}

// ChallengeEvent is the data of an event about a challenge.
func ChallengeEvent(row record.Row[domain.Challenge], _ domain.Event) proto.Message {
	return &cyclev1.ChallengeCreated{Challenge: Challenge(row)}
}

// TargetConditionEvent is the data of an event about a target condition.
func TargetConditionEvent(row record.Row[domain.TargetCondition], event domain.Event) proto.Message {
	if event == domain.TargetConditionClosed {
		return &cyclev1.TargetConditionClosed{TargetCondition: TargetCondition(row)}
	}
	return &cyclev1.TargetConditionCreated{TargetCondition: TargetCondition(row)}
}

// ObstacleEvent is the data of an event about an obstacle.
func ObstacleEvent(row record.Row[domain.Obstacle], event domain.Event) proto.Message {
	obstacle := Obstacle(row)
	switch event {
	case domain.ObstacleMadeCurrent:
		return &cyclev1.ObstacleMadeCurrent{Obstacle: obstacle}
	case domain.ObstacleSettled:
		return &cyclev1.ObstacleSettled{Obstacle: obstacle}
	default:
		return &cyclev1.ObstacleParked{Obstacle: obstacle}
	}
}

// CycleEvent is the data of an event about a cycle.
func CycleEvent(row record.Row[domain.Cycle], event domain.Event) proto.Message {
	cycle := Cycle(row)
	switch event {
	case domain.CycleUpdated:
		return &cyclev1.CycleUpdated{Cycle: cycle}
	case domain.CycleAdvanced:
		return &cyclev1.CycleAdvanced{Cycle: cycle}
	case domain.CycleFinished:
		return &cyclev1.CycleFinished{Cycle: cycle}
	case domain.CycleCancelled:
		return &cyclev1.CycleCancelled{Cycle: cycle}
	default:
		return &cyclev1.CycleStarted{Cycle: cycle}
	}
}

// AndonEvent is the data of an event about an andon.
func AndonEvent(row record.Row[domain.Andon], event domain.Event) proto.Message {
	if event == domain.AndonCountered {
		return &cyclev1.AndonResolved{Andon: Andon(row)}
	}
	return &cyclev1.AndonRaised{Andon: Andon(row)}
}

func phase(p domain.Phase) cyclev1.Phase {
	return cyclev1.Phase(cyclev1.Phase_value["PHASE_"+string(p)])
}
