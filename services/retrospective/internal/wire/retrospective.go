package wire

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Retrospective converts a stored retrospective.
func Retrospective(row record.Row[domain.Retrospective]) *retrospectivev1.Retrospective {
	r := row.Value
	retrospective := &retrospectivev1.Retrospective{
		Name:              r.Name,
		Stage:             stage(r.Stage),
		Anonymous:         r.Anonymous,
		Facilitator:       r.Facilitator,
		StageEndTime:      instant(r.StageEndTime),
		MovesByTime:       r.MovesByTime,
		Prompts:           wordedPrompts(r.Prompts),
		Facts:             facts(r.FactsStrip.Experiments),
		BoldestExperiment: r.BoldestExperiment,
		CloseTime:         instant(r.CloseTime),
		Etag:              row.Etag,
		CreateTime:        timestamppb.New(row.CreateTime),
		UpdateTime:        timestamppb.New(row.UpdateTime),
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
			MayNotHold: learning.MayNotHold, HowToTry: learning.HowToTry,
		})
	}
	for _, amendment := range r.Amendments {
		retrospective.Amendments = append(retrospective.Amendments, &retrospectivev1.Amendment{
			Text: amendment.Text, CreateTime: timestamppb.New(amendment.CreateTime), Author: amendment.Author,
		})
	}
	return retrospective
}

// Stage converts a stage of the contract; what is not said is empty.
func Stage(given retrospectivev1.Stage) domain.Stage {
	if given == retrospectivev1.Stage_STAGE_UNSPECIFIED {
		return ""
	}
	return domain.Stage(strings.TrimPrefix(given.String(), "STAGE_"))
}

func stage(s domain.Stage) retrospectivev1.Stage {
	return retrospectivev1.Stage(retrospectivev1.Stage_value["STAGE_"+string(s)])
}

// Instant converts a time of the contract; nil when it is not said.
func Instant(given *timestamppb.Timestamp) *time.Time {
	if given == nil {
		return nil
	}
	return new(given.AsTime())
}

func instant(at *time.Time) *timestamppb.Timestamp {
	if at == nil {
		return nil
	}
	return timestamppb.New(*at)
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
			MayNotHold: learning.GetMayNotHold(), HowToTry: learning.GetHowToTry(),
		})
	}
	return learnings
}

// RetrospectiveEvent is the data of an event about a retrospective.
func RetrospectiveEvent(row record.Row[domain.Retrospective], event domain.Event) proto.Message {
	retrospective := Retrospective(row)
	switch event {
	case domain.RetrospectiveMoved:
		return &retrospectivev1.RetrospectiveMoved{Retrospective: retrospective}
	case domain.RetrospectiveHandedOver:
		return &retrospectivev1.RetrospectiveHandedOver{Retrospective: retrospective}
	case domain.RetrospectiveDecided:
		return &retrospectivev1.RetrospectiveDecided{Retrospective: retrospective}
	case domain.RetrospectiveClosed:
		return &retrospectivev1.RetrospectiveClosed{Retrospective: retrospective}
	case domain.RetrospectiveAmended, domain.AnonymousRetrospectiveAmended:
		return &retrospectivev1.RetrospectiveAmended{Retrospective: retrospective}
	case domain.FactsRefetched:
		return &retrospectivev1.FactsRefetched{FactsStrip: FactsStrip(row)}
	default:
		return &retrospectivev1.RetrospectiveOpened{Retrospective: retrospective}
	}
}
