// Package wire converts between this service's domain and its contract. It holds no rules.
package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Retrospective converts a stored retrospective.
func Retrospective(row record.Row[domain.Retrospective]) *retrospectivev1.Retrospective {
	r := row.Value
	retrospective := &retrospectivev1.Retrospective{
		Name:              r.Name,
		Stage:             retrospectivev1.Stage(retrospectivev1.Stage_value["STAGE_"+string(r.Stage)]),
		Anonymous:         r.Anonymous,
		BoldestExperiment: r.BoldestExperiment,
		Etag:              row.Etag,
		CreateTime:        timestamppb.New(row.CreateTime),
		UpdateTime:        timestamppb.New(row.UpdateTime),
	}
	if r.CloseTime != nil {
		retrospective.CloseTime = timestamppb.New(*r.CloseTime)
	}
	for _, fact := range r.Facts {
		retrospective.Facts = append(retrospective.Facts, &retrospectivev1.Fact{
			Experiment: fact.Experiment, Expected: fact.Expected, Happened: fact.Happened, Verdict: fact.Verdict,
		})
	}
	for _, decision := range r.Decisions {
		retrospective.Decisions = append(retrospective.Decisions, &retrospectivev1.Decision{
			Experiment: decision.Experiment, Text: decision.Text,
			Kind: retrospectivev1.DecisionKind(retrospectivev1.DecisionKind_value["DECISION_KIND_"+string(decision.Kind)]),
		})
	}
	for _, learning := range r.Learnings {
		retrospective.Learnings = append(retrospective.Learnings, &retrospectivev1.DistilledLearning{
			Experiment: learning.Experiment, Claim: learning.Claim, Situation: learning.Situation, Tags: learning.Tags,
		})
	}
	return retrospective
}

// Stage converts a stage of the contract.
func Stage(stage retrospectivev1.Stage) domain.Stage {
	return domain.Stage(strings.TrimPrefix(stage.String(), "STAGE_"))
}

// Decision converts what a request decides.
func Decision(given *retrospectivev1.Decision) domain.Decision {
	return domain.Decision{
		Experiment: given.GetExperiment(), Text: given.GetText(),
		Kind: domain.DecisionKind(strings.TrimPrefix(given.GetKind().String(), "DECISION_KIND_")),
	}
}

// Learnings converts what a request says was learned.
func Learnings(given []*retrospectivev1.DistilledLearning) []domain.DistilledLearning {
	learnings := make([]domain.DistilledLearning, 0, len(given))
	for _, learning := range given {
		learnings = append(learnings, domain.DistilledLearning{
			Experiment: learning.GetExperiment(), Claim: learning.GetClaim(), Situation: learning.GetSituation(), Tags: learning.GetTags(),
		})
	}
	return learnings
}

// CycleFact converts what the cycle service says.
func CycleFact(cycle *cyclev1.Cycle) domain.CycleFact {
	return domain.CycleFact{
		Running: cycle.GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE,
		Phase:   strings.TrimPrefix(cycle.GetPhase().String(), "PHASE_"),
	}
}

// Facts converts what the experiment service says of the cycle's experiments.
func Facts(experiments []*experimentv1.Experiment) []domain.Fact {
	facts := make([]domain.Fact, 0, len(experiments))
	for _, x := range experiments {
		fact := domain.Fact{Experiment: x.GetName(), Expected: x.GetPrediction().GetSentence(), Happened: x.GetOutcome().GetHappened()}
		if x.GetOutcome() != nil {
			fact.Verdict = strings.TrimPrefix(x.GetOutcome().GetVerdict().String(), "VERDICT_")
		}
		facts = append(facts, fact)
	}
	return facts
}

// Note converts a stored note.
func Note(row record.Row[domain.Note]) *retrospectivev1.Note {
	n := row.Value
	return &retrospectivev1.Note{
		Name:       n.Name,
		Prompt:     prompt(n.Prompt),
		Text:       n.Text,
		Author:     n.Author,
		Etag:       row.Etag,
		CreateTime: timestamppb.New(row.CreateTime),
		UpdateTime: timestamppb.New(row.UpdateTime),
	}
}

// Prompt converts a prompt of the contract.
func Prompt(given retrospectivev1.Prompt) domain.Prompt {
	return domain.Prompt(strings.TrimPrefix(given.String(), "PROMPT_"))
}

// Action converts a stored action.
func Action(row record.Row[domain.Action]) *retrospectivev1.Action {
	a := row.Value
	return &retrospectivev1.Action{
		Name:           a.Name,
		Text:           a.Text,
		Owner:          a.Owner,
		DueDate:        a.DueDate,
		ExpectedEffect: a.ExpectedEffect,
		State:          retrospectivev1.ActionState(retrospectivev1.ActionState_value["ACTION_STATE_"+string(a.State)]),
		Result:         a.Result,
		Etag:           row.Etag,
		CreateTime:     timestamppb.New(row.CreateTime),
		UpdateTime:     timestamppb.New(row.UpdateTime),
	}
}

// RetrospectiveEvent is the data of an event about a retrospective.
func RetrospectiveEvent(row record.Row[domain.Retrospective], event domain.Event) proto.Message {
	retrospective := Retrospective(row)
	switch event {
	case domain.RetrospectiveMoved:
		return &retrospectivev1.RetrospectiveMoved{Retrospective: retrospective}
	case domain.RetrospectiveDecided:
		return &retrospectivev1.RetrospectiveDecided{Retrospective: retrospective}
	case domain.RetrospectiveClosed:
		return &retrospectivev1.RetrospectiveClosed{Retrospective: retrospective}
	default:
		return &retrospectivev1.RetrospectiveOpened{Retrospective: retrospective}
	}
}

// NoteEvent is the data of an event about a note. The text stays in the retrospective.
func NoteEvent(row record.Row[domain.Note], _ domain.Event) proto.Message {
	return &retrospectivev1.NoteWritten{Note: row.Value.Name, Prompt: prompt(row.Value.Prompt)}
}

// ActionEvent is the data of an event about an action.
func ActionEvent(row record.Row[domain.Action], event domain.Event) proto.Message {
	if event == domain.ActionCompleted {
		return &retrospectivev1.ActionCompleted{Action: Action(row)}
	}
	return &retrospectivev1.ActionAgreed{Action: Action(row)}
}

func prompt(p domain.Prompt) retrospectivev1.Prompt {
	return retrospectivev1.Prompt(retrospectivev1.Prompt_value["PROMPT_"+string(p)])
}
