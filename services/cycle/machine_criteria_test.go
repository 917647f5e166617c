package cycle_test

import (
	"slices"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

// unmet are the reasons for which the gate of a cycle is shut, from what the board and the other services say.
func (m *machine) unmet(c *cyclev1.Cycle) []string {
	m.guard.Lock()
	defer m.guard.Unlock()
	var reasons []string
	need := func(met bool, reason string) {
		if !met {
			reasons = append(reasons, reason)
		}
	}
	tried := m.tried[c.GetName()]
	has := func(is func(x *experimentv1.Experiment) bool) bool { return slices.ContainsFunc(tried, is) }
	switch stateOf(c) {
	case "PLAN":
		m.needPlan(c, need)
	case "DO":
		need(has(func(x *experimentv1.Experiment) bool { return x.GetStartTime() != nil }), "STARTED_EXPERIMENT_MISSING")
		need(!has(isRunning), "EXPERIMENT_STILL_RUNNING")
	case "CHECK":
		need(!has(func(x *experimentv1.Experiment) bool { return !concluded(x) && !abandoned(x) }), "EXPERIMENT_NOT_ENDED")
		need(!has(func(x *experimentv1.Experiment) bool { return concluded(x) && x.GetOutcome() == nil }), "OUTCOME_MISSING")
		need(!has(func(x *experimentv1.Experiment) bool { return concluded(x) && x.GetOutcome().GetVerdict() == 0 }), "VERDICT_MISSING")
		need(!has(func(x *experimentv1.Experiment) bool { return concluded(x) && x.GetOutcome().GetLearned() == "" }), "LEARNING_MISSING")
	case "ACT":
		m.needActed(c, tried, need)
	}
	need(!slices.ContainsFunc(m.board.andons, func(a *cyclev1.Andon) bool { return andonOf(a, c) && stateOf(a) == "OPEN" }), "ANDON_OPEN")
	slices.Sort(reasons)
	return reasons
}

func (m *machine) needPlan(c *cyclev1.Cycle, need func(met bool, reason string)) {
	need(m.board.one("Challenge", "ACTIVE") != "", "CHALLENGE_MISSING")
	condition, named := m.board.resources[c.GetTargetCondition()]
	need(named && stateOf(condition) == "ACTIVE", "TARGET_CONDITION_MISSING")
	need(c.GetCurrentCondition() != nil, "CURRENT_CONDITION_MISSING")
	focus := c.GetValueStreamFocus()
	step, constraint := focus.GetStep() != "", focus == nil || focus.GetConstraint()
	if stream, named := m.board.resources[focus.GetValueStream()].(*cyclev1.ValueStream); named {
		step = slices.ContainsFunc(stream.GetSteps(), func(s *cyclev1.ValueStreamStep) bool { return s.GetName() == focus.GetStep() })
		constraint = stream.GetConfirmedConstraint().GetStep() == focus.GetStep()
	}
	need(step, "VALUE_STREAM_STEP_MISSING")
	need(constraint || focus.GetReason() != "", "OFF_CONSTRAINT_REASON_MISSING")
	need(len(m.board.in("Obstacle", "CURRENT")) == 1, "CURRENT_OBSTACLE_MISSING")
	locked := func(x *experimentv1.Experiment) bool { return x.GetLockTime() != nil && !abandoned(x) }
	need(slices.ContainsFunc(m.tried[c.GetName()], locked), "LOCKED_EXPERIMENT_MISSING")
}

func (m *machine) needActed(c *cyclev1.Cycle, tried []*experimentv1.Experiment, need func(met bool, reason string)) {
	reflected := m.reflected[c.GetName()]
	need(reflected.GetStage() == retrospectivev1.Stage_STAGE_CLOSED, "RETROSPECTIVE_NOT_CLOSED")
	need(len(reflected.GetDecisions()) > 0 || !slices.ContainsFunc(tried, concluded), "DECISION_MISSING")
	published, checked := true, true
	for _, d := range reflected.GetDecisions() {
		if d.GetKind() != retrospectivev1.DecisionKind_DECISION_KIND_ADOPT {
			continue
		}
		published = published && slices.ContainsFunc(m.learned[c.GetName()], func(l *knowledgev1.Learning) bool {
			return l.GetExperiment() == d.GetExperiment() && l.GetState() == knowledgev1.LearningState_LEARNING_STATE_PUBLISHED
		})
		checked = checked && slices.ContainsFunc(tried, func(x *experimentv1.Experiment) bool {
			return x.GetName() == d.GetExperiment() && len(x.GetHoldChecks()) > 0
		})
	}
	need(published, "LEARNING_NOT_PUBLISHED")
	need(checked, "HOLD_CHECKS_NOT_SCHEDULED")
}

func isRunning(x *experimentv1.Experiment) bool {
	return x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING
}

func concluded(x *experimentv1.Experiment) bool {
	return x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED
}

func abandoned(x *experimentv1.Experiment) bool {
	return x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED && x.GetAbandonReason() != ""
}
