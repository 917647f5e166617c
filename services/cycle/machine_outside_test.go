package cycle_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

// wait lets time pass.
func (m *machine) wait(t *rapid.T) {
	m.Clock.Advance(time.Duration(choose(t, "hours", []int{1, 5, 24, 24, 72, 200, 500})) * time.Hour)
}

// goAway makes the other services answer or not.
func (m *machine) goAway(t *rapid.T) {
	m.guard.Lock()
	defer m.guard.Unlock()
	m.away = !m.away && seldom(t, "away", 3)
}

// tryExperiments changes what the experiment service says of a cycle.
func (m *machine) tryExperiments(t *rapid.T) {
	cycle := pick(t, "cycle", m.board.in("Cycle", running...), "")
	if cycle == "" {
		return
	}
	var tried []*experimentv1.Experiment
	for i := range dice(t, "experiments", 3) {
		how := choose(t, "experiment", []string{
			"draft", "locked", "locked", "running", "concluded", "concluded", "no outcome", "no verdict", "nothing learned", "abandoned", "dropped",
		})
		x := m.experiment(cycle, i, how)
		if rapid.Bool().Draw(t, "hold checks") {
			x.HoldChecks = []*experimentv1.HoldCheck{{Weeks: 2}}
		}
		tried = append(tried, x)
	}
	m.guard.Lock()
	defer m.guard.Unlock()
	m.tried[cycle] = tried
}

// experiment is the i-th of a cycle, as far as it came.
func (m *machine) experiment(cycle string, i int, how string) *experimentv1.Experiment {
	now := timestamppb.New(m.Clock.Now())
	x := &experimentv1.Experiment{
		Name: fmt.Sprintf("%s/experiments/x%d", cycle, i), State: experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT,
		Prediction: &experimentv1.Prediction{Metric: m.team + "/metrics/wait"},
	}
	if how == "draft" {
		return x
	}
	if x.LockTime = now; how == "locked" {
		return x
	}
	x.StartTime = now
	switch how {
	case "running":
		x.State = experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING
		return x
	case "abandoned", "dropped":
		if x.State = experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED; how == "abandoned" {
			x.AbandonReason = "the rota was stopped"
		}
		return x
	}
	x.State = experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED
	x.Outcome = &experimentv1.Outcome{Verdict: experimentv1.Verdict_VERDICT_AS_PREDICTED, Learned: "much"}
	switch how {
	case "no outcome":
		x.Outcome = nil
	case "no verdict":
		x.Outcome.Verdict = experimentv1.Verdict_VERDICT_UNSPECIFIED
	case "nothing learned":
		x.Outcome.Learned = ""
	}
	return x
}

// reflect changes what the retrospective and the knowledge base say of a cycle.
func (m *machine) reflect(t *rapid.T) {
	cycle := pick(t, "cycle", m.board.in("Cycle", running...), "")
	if cycle == "" {
		return
	}
	r := &retrospectivev1.Retrospective{Name: cycle + "/retrospective", Stage: retrospectivev1.Stage_STAGE_DECIDE}
	if dice(t, "closed", 3) > 0 {
		r.Stage = retrospectivev1.Stage_STAGE_CLOSED
	}
	for i := range dice(t, "decisions", 3) {
		r.Decisions = append(r.Decisions, &retrospectivev1.Decision{
			Experiment: fmt.Sprintf("%s/experiments/x%d", cycle, i),
			Kind:       choose(t, "decision", []retrospectivev1.DecisionKind{1, 2, 3}),
		})
	}
	actions := rapid.SliceOfN(rapid.SampledFrom([]retrospectivev1.ActionState{1, 2, 3, 4}), 0, 3).Draw(t, "actions")
	published := rapid.SliceOfN(rapid.Bool(), 2, 2).Draw(t, "published")
	m.guard.Lock()
	defer m.guard.Unlock()
	m.reflected[cycle], m.actions[cycle], m.learned[cycle] = r, nil, nil
	for i, state := range actions {
		m.actions[cycle] = append(m.actions[cycle], &retrospectivev1.Action{Name: fmt.Sprintf("%s/retrospective/actions/a%d", cycle, i), State: state})
	}
	for i, is := range published {
		l := &knowledgev1.Learning{Experiment: fmt.Sprintf("%s/experiments/x%d", cycle, i), State: knowledgev1.LearningState_LEARNING_STATE_DRAFT}
		if is {
			l.State = knowledgev1.LearningState_LEARNING_STATE_PUBLISHED
		}
		m.learned[cycle] = append(m.learned[cycle], l)
	}
}

// openActions are the actions of all the team's retrospectives that are still to be done.
func (m *machine) openActions() []string {
	m.guard.Lock()
	defer m.guard.Unlock()
	var open []string
	for _, cycle := range slices.Sorted(maps.Keys(m.actions)) {
		for _, a := range m.actions[cycle] {
			if a.GetState() == retrospectivev1.ActionState_ACTION_STATE_OPEN {
				open = append(open, a.GetName())
			}
		}
	}
	return open
}

func andonOf(a *cyclev1.Andon, c *cyclev1.Cycle) bool {
	return strings.HasPrefix(a.GetName(), c.GetName()+"/andons/")
}

// today is the team's day, n days from now.
func (m *machine) day(n int) string {
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		panic(err)
	}
	return dayAfter(m.Clock.Now().In(zone).Format(time.DateOnly), n)
}
