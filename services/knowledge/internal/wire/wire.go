// Package wire converts between this service's domain and the contracts. It holds no rules.
package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Learning converts a stored learning.
func Learning(row record.Row[domain.Learning]) *knowledgev1.Learning {
	l := row.Value
	learning := &knowledgev1.Learning{
		Name:         l.Name,
		Claim:        l.Claim,
		Situation:    l.Situation,
		Tried:        l.Tried,
		Happened:     l.Happened,
		Team:         l.Team,
		Cycle:        l.Cycle,
		Experiment:   l.Experiment,
		Verdict:      l.Verdict,
		Tags:         l.Tags,
		State:        knowledgev1.LearningState(knowledgev1.LearningState_value["LEARNING_STATE_"+string(l.State)]),
		RetireReason: l.RetireReason,
		Etag:         row.Etag,
		CreateTime:   timestamppb.New(row.CreateTime),
		UpdateTime:   timestamppb.New(row.UpdateTime),
	}
	if !l.PublishTime.IsZero() {
		learning.PublishTime = timestamppb.New(l.PublishTime)
	}
	return learning
}

// LearningEvent makes the data of an event.
func LearningEvent(row record.Row[domain.Learning], e domain.Event) proto.Message {
	learning := Learning(row)
	switch e {
	case domain.LearningPublished:
		return &knowledgev1.LearningPublished{Learning: learning}
	case domain.LearningRetired:
		return &knowledgev1.LearningRetired{Learning: learning}
	default:
		return &knowledgev1.LearningDrafted{Learning: learning}
	}
}

// Conclusion converts a concluded experiment.
func Conclusion(e *experimentv1.Experiment) domain.Conclusion {
	tried := e.GetPrediction().GetChange()
	if tried == "" {
		tried = e.GetDisplayName()
	}
	verdict := ""
	if v := e.GetOutcome().GetVerdict(); v != experimentv1.Verdict_VERDICT_UNSPECIFIED {
		verdict = strings.TrimPrefix(v.String(), "VERDICT_")
	}
	return domain.Conclusion{
		Experiment: e.GetName(), Learned: e.GetOutcome().GetLearned(), Tried: tried, Happened: e.GetOutcome().GetHappened(), Verdict: verdict,
	}
}

// Distillates converts the learnings of a closed retrospective.
func Distillates(r *retrospectivev1.Retrospective) []domain.Distillate {
	all := make([]domain.Distillate, 0, len(r.GetLearnings()))
	for _, l := range r.GetLearnings() {
		all = append(all, domain.Distillate{Experiment: l.GetExperiment(), Claim: l.GetClaim(), Situation: l.GetSituation(), Tags: l.GetTags()})
	}
	return all
}
