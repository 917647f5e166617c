package domain_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	whole  = "teams/payments/cycles/2026-w24"
	review = whole + "/experiments/review-rota"
)

var noon = time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)

// complete is a cycle and evidence with which every gate opens; each test takes one thing away.
func complete(phase domain.Phase) (*domain.Cycle, domain.Evidence) {
	cycle := &domain.Cycle{
		Name: whole, Phase: phase, State: domain.CycleActive,
		CurrentCondition: &domain.CurrentCondition{Metric: "teams/payments/metrics/lead-time", BaselineValue: 26},
		ValueStreamFocus: &domain.ValueStreamFocus{Step: "Review", Constraint: true},
	}
	experiment := domain.ExperimentFact{Name: review, Locked: true}
	if phase != domain.Plan {
		experiment.Started, experiment.Concluded = true, true
		experiment.Outcome, experiment.Verdict, experiment.Learned, experiment.HoldChecks = true, true, true, true
	}
	return cycle, domain.Evidence{
		Phase:              phase,
		ActiveChallenge:    true,
		TargetCondition:    &domain.TargetCondition{State: domain.TargetConditionActive},
		CurrentObstacles:   []string{"teams/payments/obstacles/queue"},
		Experiments:        []domain.ExperimentFact{experiment},
		Retrospective:      domain.RetrospectiveFact{Closed: true, Decided: []string{review}, Adopted: []string{review}},
		PublishedLearnings: map[string]bool{review: true},
	}
}

func TestEachCriterionAloneShutsItsGate(t *testing.T) {
	tests := []struct {
		phase  domain.Phase
		reason string
		where  string
		take   func(*domain.Cycle, *domain.Evidence)
	}{
		{domain.Plan, "CHALLENGE_MISSING", "teams/payments/challenges", func(_ *domain.Cycle, e *domain.Evidence) { e.ActiveChallenge = false }},
		{domain.Plan, "TARGET_CONDITION_MISSING", "teams/payments/targetConditions", func(_ *domain.Cycle, e *domain.Evidence) { e.TargetCondition = nil }},
		{domain.Plan, "TARGET_CONDITION_MISSING", "teams/payments/targetConditions", func(_ *domain.Cycle, e *domain.Evidence) { e.TargetCondition.State = domain.TargetConditionReplaced }},
		{domain.Plan, "CURRENT_CONDITION_MISSING", whole, func(c *domain.Cycle, _ *domain.Evidence) { c.CurrentCondition = nil }},
		{domain.Plan, "VALUE_STREAM_STEP_MISSING", whole, func(c *domain.Cycle, _ *domain.Evidence) { c.ValueStreamFocus = nil }},
		{domain.Plan, "OFF_CONSTRAINT_REASON_MISSING", whole, func(c *domain.Cycle, _ *domain.Evidence) { c.ValueStreamFocus.Constraint = false }},
		{domain.Plan, "CURRENT_OBSTACLE_MISSING", "teams/payments/obstacles", func(_ *domain.Cycle, e *domain.Evidence) { e.CurrentObstacles = nil }},
		{domain.Plan, "CURRENT_OBSTACLE_MISSING", "teams/payments/obstacles", func(_ *domain.Cycle, e *domain.Evidence) { e.CurrentObstacles = []string{"a", "b"} }},
		{domain.Plan, "LOCKED_EXPERIMENT_MISSING", whole + "/experiments", func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Locked = false }},
		{domain.Plan, "LOCKED_EXPERIMENT_MISSING", whole + "/experiments", func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Abandoned = true }},
		{domain.Plan, "ANDON_OPEN", "a", func(_ *domain.Cycle, e *domain.Evidence) { e.OpenAndons = []string{"a"} }},
		{domain.Do, "STARTED_EXPERIMENT_MISSING", whole + "/experiments", func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Started = false }},
		{domain.Do, "EXPERIMENT_STILL_RUNNING", review, func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Running = true }},
		{domain.Do, "ANDON_OPEN", "a", func(_ *domain.Cycle, e *domain.Evidence) { e.OpenAndons = []string{"a"} }},
		{domain.Check, "EXPERIMENT_NOT_ENDED", review, func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Concluded = false }},
		{domain.Check, "OUTCOME_MISSING", review, func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Outcome = false }},
		{domain.Check, "VERDICT_MISSING", review, func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Verdict = false }},
		{domain.Check, "LEARNING_MISSING", review, func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].Learned = false }},
		{domain.Check, "ANDON_OPEN", "a", func(_ *domain.Cycle, e *domain.Evidence) { e.OpenAndons = []string{"a"} }},
		{domain.Act, "RETROSPECTIVE_NOT_CLOSED", whole + "/retrospective", func(_ *domain.Cycle, e *domain.Evidence) { e.Retrospective.Closed = false }},
		{domain.Act, "DECISION_MISSING", whole + "/retrospective", func(_ *domain.Cycle, e *domain.Evidence) { e.Retrospective.Decided = nil }},
		{domain.Act, "LEARNING_NOT_PUBLISHED", "learnings?cycle=" + whole, func(_ *domain.Cycle, e *domain.Evidence) { e.PublishedLearnings = nil }},
		{domain.Act, "HOLD_CHECKS_NOT_SCHEDULED", review, func(_ *domain.Cycle, e *domain.Evidence) { e.Experiments[0].HoldChecks = false }},
		{domain.Act, "ANDON_OPEN", "a", func(_ *domain.Cycle, e *domain.Evidence) { e.OpenAndons = []string{"a"} }},
	}
	for _, test := range tests {
		t.Run(string(test.phase)+"/"+test.reason, func(t *testing.T) {
			cycle, evidence := complete(test.phase)
			test.take(cycle, &evidence)
			events, err := cycle.Advance(evidence, test.phase, "", false, noon)
			if got := reasons(t, err); !slices.Equal(got, []string{test.reason}) {
				t.Errorf("unmet reasons: got %v, want only %s", got, test.reason)
			}
			if link := fault.From(err).Violations[0].Link; link != "/v1/"+test.where {
				t.Errorf("%s is mended at %s, want %s", test.reason, link, test.where)
			}
			if len(events) != 0 || cycle.Phase != test.phase || cycle.State != domain.CycleActive || len(cycle.GatePasses) != 0 {
				t.Errorf("a shut gate changed the cycle: %+v, events %v", cycle, events)
			}
		})
	}
}

// A cycle whose experiments were all abandoned has nothing to decide on.
func TestWithoutATriedExperimentThereIsNothingToDecide(t *testing.T) {
	cycle, evidence := complete(domain.Act)
	evidence.Experiments = []domain.ExperimentFact{{Name: review, Abandoned: true}}
	evidence.Retrospective = domain.RetrospectiveFact{Closed: true}
	if _, err := cycle.Advance(evidence, domain.Act, "", false, noon); err != nil || cycle.State != domain.CycleDone {
		t.Errorf("the cycle is %s, %v", cycle.State, err)
	}
}

func TestAllUnmetCriteriaAreAnsweredAtOnce(t *testing.T) {
	cycle := &domain.Cycle{Phase: domain.Plan, State: domain.CycleActive}
	_, err := cycle.Advance(domain.Evidence{Phase: domain.Plan}, domain.Plan, "", false, noon)
	want := []string{
		"CHALLENGE_MISSING", "TARGET_CONDITION_MISSING", "CURRENT_CONDITION_MISSING",
		"VALUE_STREAM_STEP_MISSING", "CURRENT_OBSTACLE_MISSING", "LOCKED_EXPERIMENT_MISSING",
	}
	if got := reasons(t, err); !slices.Equal(got, want) {
		t.Errorf("unmet reasons: got %v, want %v", got, want)
	}
}

func TestCycleGoesThroughAllGates(t *testing.T) {
	phases := []domain.Phase{domain.Plan, domain.Do, domain.Check, domain.Act}
	for i, phase := range phases {
		cycle, evidence := complete(phase)
		events, err := cycle.Advance(evidence, phase, "", false, noon)
		if err != nil {
			t.Fatalf("gate after %s: %v", phase, err)
		}
		want := domain.CycleAdvanced
		if phase == domain.Act {
			want = domain.CycleFinished
			if cycle.State != domain.CycleDone {
				t.Errorf("after ACT the cycle is %s", cycle.State)
			}
		} else if cycle.Phase != phases[i+1] {
			t.Errorf("after %s comes %s", phase, cycle.Phase)
		}
		if !slices.Equal(events, []domain.Event{want}) {
			t.Errorf("gate after %s recorded %v, want %v", phase, events, want)
		}
		if len(cycle.GatePasses) != 1 || cycle.GatePasses[0].Phase != phase || !cycle.GatePasses[0].Time.Equal(noon) {
			t.Errorf("gate pass after %s: %+v", phase, cycle.GatePasses)
		}
	}
}

func TestCoachPassesWithReasonThatStaysVisible(t *testing.T) {
	cycle, evidence := complete(domain.Plan)
	evidence.ActiveChallenge = false
	if _, err := cycle.Advance(evidence, domain.Plan, "we start anyway", false, noon); fault.From(err).Reason != "COACH_NEEDED" {
		t.Fatalf("a member passed the gate: %v", err)
	}
	if _, err := cycle.Advance(evidence, domain.Plan, "the challenge is being rewritten", true, noon); err != nil {
		t.Fatal(err)
	}
	pass := cycle.GatePasses[0]
	if pass.CoachReason != "the challenge is being rewritten" || !slices.Equal(pass.Unmet, []string{"CHALLENGE_MISSING"}) {
		t.Errorf("gate pass: %+v", pass)
	}
}

// A known defect never goes downstream, whoever says so.
func TestNobodyPassesOverAnOpenAndon(t *testing.T) {
	for _, phase := range []domain.Phase{domain.Plan, domain.Do, domain.Check, domain.Act} {
		cycle, evidence := complete(phase)
		evidence.OpenAndons, evidence.ActiveChallenge = []string{"red", "blue"}, false
		_, err := cycle.Advance(evidence, phase, "the release cannot wait", true, noon)
		if got := reasons(t, err); !slices.Equal(got, []string{"ANDON_OPEN", "ANDON_OPEN"}) || len(cycle.GatePasses) != 0 {
			t.Errorf("after %s: %v, %+v", phase, got, cycle.GatePasses)
		}
	}
}

func TestTheConstraintIsConfirmedAtItsValueStream(t *testing.T) {
	const stream = "teams/payments/valueStreams/change"
	cycle, evidence := complete(domain.Plan)
	cycle.ValueStreamFocus = &domain.ValueStreamFocus{Step: "Review", ValueStream: stream}
	evidence.ValueStream = &domain.ValueStream{Name: stream, Steps: []domain.Step{{Name: "Review"}}}
	for _, test := range []struct{ step, reason, link string }{
		{"Review", "OFF_CONSTRAINT_REASON_MISSING", "/v1/" + stream},
		{"Gone", "VALUE_STREAM_STEP_MISSING", "/v1/" + whole},
	} {
		cycle.ValueStreamFocus.Step = test.step
		if unmet := cycle.Unmet(evidence); unmet[0].Reason != test.reason || unmet[0].Link != test.link {
			t.Errorf("%s: %+v", test.step, unmet)
		}
	}
}

func TestAdvanceRefusesAnotherPhaseAndAnEndedCycle(t *testing.T) {
	cycle, evidence := complete(domain.Plan)
	if _, err := cycle.Advance(evidence, domain.Do, "", false, noon); fault.From(err).Reason != "PHASE_MISMATCH" {
		t.Errorf("another phase: %v", err)
	}
	evidence.Phase = domain.Do
	if _, err := cycle.Advance(evidence, "", "", false, noon); fault.From(err).Reason != "PHASE_MISMATCH" {
		t.Errorf("evidence for another phase: %v", err)
	}
	if _, err := cycle.Cancel("the team was dissolved"); err != nil {
		t.Fatal(err)
	}
	if _, err := cycle.Advance(evidence, domain.Plan, "", false, noon); fault.From(err).Reason != "CYCLE_NOT_RUNNING" {
		t.Errorf("cancelled cycle: %v", err)
	}
}

func reasons(t *testing.T, err error) []string {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Reason != "GATE_CRITERIA_UNMET" {
		t.Fatalf("want GATE_CRITERIA_UNMET, got %v", err)
	}
	var got []string
	for _, violation := range f.Violations {
		got = append(got, violation.Reason)
	}
	return got
}
