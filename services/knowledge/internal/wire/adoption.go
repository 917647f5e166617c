package wire

import (
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

var adoptionStates = map[experimentv1.ExperimentState]domain.AdoptionState{
	experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT:     domain.Drafted,
	experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING:   domain.Running,
	experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED: domain.Concluded,
	experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED: domain.Abandoned,
}

// Standing converts an experiment as an event tells it.
func Standing(e *experimentv1.Experiment) domain.Standing {
	outcome := e.GetOutcome()
	s := domain.Standing{
		Experiment: e.GetName(), Learning: e.GetLearning(), State: adoptionStates[e.GetState()],
		LockTime: Instant(e.GetLockTime()), StartTime: Instant(e.GetStartTime()), PlanHash: e.GetPlanHash(),
		Verdict: word[string](outcome.GetVerdict(), "VERDICT_"), Happened: outcome.GetHappened(), ConcludeTime: Instant(outcome.GetConcludeTime()),
	}
	for _, check := range e.GetHoldChecks() {
		held := domain.HoldCheck{Weeks: int(check.GetWeeks())}
		switch check.GetState() {
		case experimentv1.HoldCheckState_HOLD_CHECK_STATE_HELD:
			held.Finding = domain.Held
		case experimentv1.HoldCheckState_HOLD_CHECK_STATE_SLIPPED:
			held.Finding = domain.Slipped
		default: // pending, or it cannot tell
		}
		s.HoldChecks = append(s.HoldChecks, held)
	}
	return s
}

// ExperimentOf is the draft of an experiment that tries a learning again.
func ExperimentOf(d domain.ExperimentDraft) *experimentv1.Experiment {
	return &experimentv1.Experiment{
		DisplayName: d.DisplayName, Obstacle: d.Obstacle, Learning: d.Learning,
		Prediction: &experimentv1.Prediction{Change: d.Change, Reason: d.Reason},
	}
}
