// Package wire converts between this service's domain and its contract. It holds no rules.
package wire

import (
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

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
		CarryOver:       carryOver(c.CarryOver),
	}
	if zone := zoneOf(c.TimeZone); zone != nil && c.StartDate != "" {
		cycle.StartTime, cycle.EndTime = timestamppb.New(c.StartDate.FirstInstant(zone)), timestamppb.New(c.EndDate.FirstInstant(zone))
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
			Phase: phase(plan.Phase), StartDate: string(plan.Start), EndDate: string(plan.End), GateDate: string(plan.Gate),
		})
	}
	for _, pass := range c.GatePasses {
		cycle.GatePasses = append(cycle.GatePasses, &cyclev1.GatePass{
			Phase: phase(pass.Phase), PassTime: timestamppb.New(pass.Time), CoachReason: pass.CoachReason, UnmetReasons: pass.Unmet,
		})
	}
	for _, extension := range c.Extensions {
		cycle.Extensions = append(cycle.Extensions, &cyclev1.CycleExtension{
			ExtendTime: timestamppb.New(extension.Time), FromEndDate: string(extension.From), ToEndDate: string(extension.To), Reason: extension.Reason,
		})
	}
	return cycle
}

func carryOver(c *domain.CarryOver) *cyclev1.CarryOver {
	if c == nil {
		return nil
	}
	return &cyclev1.CarryOver{Cycle: c.Cycle, TargetCondition: c.TargetCondition, Obstacles: c.Obstacles, OpenActions: c.OpenActions}
}

// zones keeps what was read of the zone database, which every cycle that is shown would read again.
var zones sync.Map

// zoneOf is the zone of a name; nil for one that this program does not know.
func zoneOf(name string) *time.Location {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	zones.Store(name, zone)
	return zone
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

// CycleStates converts the states that a list is asked for.
func CycleStates(given []cyclev1.CycleState) []string {
	var states []string
	for _, state := range given {
		states = append(states, strings.TrimPrefix(state.String(), "CYCLE_STATE_"))
	}
	return states
}

// Gate converts what a gate would say.
func Gate(c *domain.Cycle, unmet []fault.Violation) *cyclev1.Gate {
	gate := &cyclev1.Gate{Phase: phase(c.Phase), Open: c.State == domain.CycleActive && len(unmet) == 0, GateDate: string(c.GateDate())}
	for _, criterion := range unmet {
		gate.UnmetCriteria = append(gate.UnmetCriteria, &cyclev1.UnmetCriterion{
			Reason: criterion.Reason, Field: criterion.Field, Description: criterion.Description, Link: criterion.Link,
		})
	}
	return gate
}

// CycleEvent is the data of an event about a cycle.
func CycleEvent(row record.Row[domain.Cycle], event domain.Event) proto.Message {
	cycle := Cycle(row)
	switch event {
	case domain.CycleDrafted:
		return &cyclev1.CycleDrafted{Cycle: cycle}
	case domain.CycleUpdated:
		return &cyclev1.CycleUpdated{Cycle: cycle}
	case domain.CycleAdvanced:
		return &cyclev1.CycleAdvanced{Cycle: cycle}
	case domain.CycleExtended:
		return &cyclev1.CycleExtended{Cycle: cycle}
	case domain.CycleFinished:
		return &cyclev1.CycleFinished{Cycle: cycle}
	case domain.CycleCancelled:
		return &cyclev1.CycleCancelled{Cycle: cycle}
	default:
		return &cyclev1.CycleStarted{Cycle: cycle}
	}
}

func phase(p domain.Phase) cyclev1.Phase {
	return cyclev1.Phase(cyclev1.Phase_value["PHASE_"+string(p)])
}
