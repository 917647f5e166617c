// Package wire converts between this service's domain and its contract, and reads what the events of other services say.
// It holds no rules.
package wire

import (
	"cmp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	notificationv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/notification/internal/domain"
)

// Reminder converts a stored reminder.
func Reminder(row record.Row[domain.Reminder]) *notificationv1.Reminder {
	r := row.Value
	return &notificationv1.Reminder{
		Name:       r.Name,
		Kind:       notificationv1.ReminderKind(notificationv1.ReminderKind_value["REMINDER_KIND_"+string(r.Kind)]),
		Subject:    r.Subject,
		DueTime:    timestamppb.New(r.DueTime),
		Text:       r.Text,
		State:      notificationv1.ReminderState(notificationv1.ReminderState_value["REMINDER_STATE_"+string(r.State)]),
		Etag:       row.Etag,
		CreateTime: timestamppb.New(row.CreateTime),
		UpdateTime: timestamppb.New(row.UpdateTime),
	}
}

// ReminderEvent is the data of an event about a reminder.
func ReminderEvent(row record.Row[domain.Reminder], event domain.Event) proto.Message {
	reminder := Reminder(row)
	switch event {
	case domain.ReminderAcknowledged:
		return &notificationv1.ReminderAcknowledged{Reminder: reminder}
	case domain.ReminderObsoleted:
		return &notificationv1.ReminderObsoleted{Reminder: reminder}
	default:
		return &notificationv1.ReminderScheduled{Reminder: reminder}
	}
}

// Due lists the due points that an event's data speaks of; none for data that no reminder depends on.
func Due(data proto.Message) []domain.Due {
	switch data := data.(type) {
	case interface{ GetCycle() *cyclev1.Cycle }:
		if data.GetCycle().GetState() == cyclev1.CycleState_CYCLE_STATE_DRAFT {
			return nil // its days count from its start on
		}
		return cycle(data.GetCycle()).Due()
	case interface{ GetAndon() *cyclev1.Andon }:
		andon := data.GetAndon()
		resolved := andon.GetState() == cyclev1.AndonState_ANDON_STATE_RESOLVED
		return []domain.Due{domain.AndonDue(andon.GetName(), andon.GetProblem(), andon.GetCreateTime().AsTime(), resolved)}
	case *retrospectivev1.RetrospectiveClosed:
		return []domain.Due{domain.RetrospectiveDone(strings.TrimSuffix(data.GetRetrospective().GetName(), "/retrospective"))}
	case interface {
		GetExperiment() *experimentv1.Experiment
	}:
		return experimentDue(data.GetExperiment())
	case interface {
		GetAction() *retrospectivev1.Action
	}:
		return actionDue(data.GetAction())
	default:
		return nil
	}
}

// actionDue is the due point of an action from when the team agreed on it until it is done or given up. What is only proposed is not due.
func actionDue(action *retrospectivev1.Action) []domain.Due {
	if action.GetState() == retrospectivev1.ActionState_ACTION_STATE_PROPOSED {
		return nil
	}
	ended := action.GetState() != retrospectivev1.ActionState_ACTION_STATE_OPEN
	return []domain.Due{domain.ActionDue(action.GetName(), action.GetText(), action.GetDueDate(), ended)}
}

func cycle(c *cyclev1.Cycle) domain.Cycle {
	converted := domain.Cycle{
		Name:  c.GetName(),
		Ended: c.GetState() != cyclev1.CycleState_CYCLE_STATE_ACTIVE,
		Phase: strings.TrimPrefix(c.GetPhase().String(), "PHASE_"),
	}
	for _, plan := range c.GetPhasePlan() {
		converted.Phases = append(converted.Phases, domain.PhasePlan{
			Phase: strings.TrimPrefix(plan.GetPhase().String(), "PHASE_"), Start: plan.GetStartDate(),
			Gate: cmp.Or(plan.GetGateDate(), plan.GetEndDate()), // events from before gates had a day of their own have the end only
		})
	}
	return converted
}

func experimentDue(x *experimentv1.Experiment) []domain.Due {
	if x.GetStartTime() == nil {
		return nil
	}
	running := x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING
	due := []domain.Due{domain.ExperimentDue(x.GetName(), x.GetDisplayName(), x.GetPrediction().GetByDate(), running)}
	for _, check := range x.GetHoldChecks() {
		due = append(due, domain.HoldCheckDue(x.GetName(), x.GetDisplayName(), check.GetDueDate(), check.GetWeeks()))
	}
	return due
}
