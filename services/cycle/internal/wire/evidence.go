package wire

import (
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

// ExperimentFact converts what the experiment service says of an experiment.
func ExperimentFact(x *experimentv1.Experiment) domain.ExperimentFact {
	return domain.ExperimentFact{
		Name:       x.GetName(),
		Locked:     x.GetLockTime() != nil,
		Started:    x.GetStartTime() != nil,
		Running:    x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING,
		Concluded:  x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED,
		Abandoned:  x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED && x.GetAbandonReason() != "",
		Outcome:    x.GetOutcome() != nil,
		Verdict:    x.GetOutcome().GetVerdict() != experimentv1.Verdict_VERDICT_UNSPECIFIED,
		Learned:    x.GetOutcome().GetLearned() != "",
		HoldChecks: len(x.GetHoldChecks()) > 0,
	}
}

// RetrospectiveFact converts what the retrospective service says; nil means that there is no retrospective.
func RetrospectiveFact(r *retrospectivev1.Retrospective) domain.RetrospectiveFact {
	fact := domain.RetrospectiveFact{Closed: r.GetStage() == retrospectivev1.Stage_STAGE_CLOSED}
	for _, decision := range r.GetDecisions() {
		fact.Decided = append(fact.Decided, decision.GetExperiment())
		if decision.GetKind() == retrospectivev1.DecisionKind_DECISION_KIND_ADOPT {
			fact.Adopted = append(fact.Adopted, decision.GetExperiment())
		}
	}
	return fact
}

// PublishedLearnings collects the experiments whose learning is published.
func PublishedLearnings(learnings []*knowledgev1.Learning) map[string]bool {
	published := map[string]bool{}
	for _, learning := range learnings {
		if learning.GetState() == knowledgev1.LearningState_LEARNING_STATE_PUBLISHED {
			published[learning.GetExperiment()] = true
		}
	}
	return published
}
