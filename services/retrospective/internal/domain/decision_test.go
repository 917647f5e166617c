package domain_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

func TestCloseAnswersEverythingMissingAtOnce(t *testing.T) {
	decided := []domain.Decision{{Experiment: "rota", Kind: domain.Adopt}, {Experiment: "pairing", Kind: domain.Abandon}}
	rota := domain.DistilledLearning{Experiment: "rota", Claim: "a rota halves the wait"}
	learned := []domain.DistilledLearning{rota}
	agreed := &domain.Action{Name: "r/actions/done", State: domain.ActionStateProposed, Owner: "users/mina", DueDate: "2026-06-19", ExpectedEffect: "less waiting"}
	bare := &domain.Action{Name: "r/actions/bare", State: domain.ActionStateProposed, Text: "write it down"}
	dropped := &domain.Action{Name: "r/actions/dropped", State: domain.ActionStateDropped}
	four := []*domain.Action{agreed, agreed, agreed, agreed}
	tests := []struct {
		name      string
		decisions []domain.Decision
		closing   domain.Closing
		want      []string
	}{
		{"complete", decided, domain.Closing{Learnings: learned, Boldest: "pairing", Actions: []*domain.Action{agreed, dropped}}, nil},
		{"complete without an action", decided, domain.Closing{Learnings: learned, Boldest: "given-up"}, nil},
		{"nothing", nil, domain.Closing{}, []string{"learnings LEARNING_MISSING", "decisions DECISION_MISSING", "decisions DECISION_MISSING", "boldest_experiment BOLDEST_MISSING"}},
		{"one decision missing", decided[:1], domain.Closing{Learnings: learned, Boldest: "rota"}, []string{"decisions DECISION_MISSING"}},
		{"no boldest", decided, domain.Closing{Learnings: learned}, []string{"boldest_experiment BOLDEST_MISSING"}},
		{
			"adopted without its learning", decided,
			domain.Closing{Learnings: []domain.DistilledLearning{{Experiment: "pairing"}}, Boldest: "rota"},
			[]string{"learnings ADOPTED_LEARNING_MISSING"},
		},
		{
			"two learnings of one experiment", decided,
			domain.Closing{Learnings: []domain.DistilledLearning{rota, rota}, Boldest: "rota"},
			[]string{"learnings[1].experiment LEARNING_TWICE"},
		},
		{
			"foreign experiments", decided,
			domain.Closing{Learnings: []domain.DistilledLearning{rota, {Experiment: "other"}}, Boldest: "other"},
			[]string{"learnings[1].experiment EXPERIMENT_NOT_IN_CYCLE", "boldest_experiment EXPERIMENT_NOT_IN_CYCLE"},
		},
		{"too many actions", decided, domain.Closing{Learnings: learned, Boldest: "rota", Actions: four}, []string{"actions TOO_MANY_ACTIONS"}},
		{
			"everything at once, the actions too", nil,
			domain.Closing{Boldest: "rota", Actions: []*domain.Action{bare}},
			[]string{
				"learnings LEARNING_MISSING", "decisions DECISION_MISSING", "decisions DECISION_MISSING",
				"actions/bare.owner ACTION_OWNER_MISSING", "actions/bare.due_date ACTION_DATE_MISSING", "actions/bare.expected_effect ACTION_EFFECT_MISSING",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := inStage(domain.Decide)
			r.Decisions, r.StageEndTime = test.decisions, &noon
			test.closing.Today, test.closing.Members = "2026-06-19", members
			events, err := r.Close(test.closing, noon)
			if test.want == nil {
				if err != nil || r.Stage != domain.Closed || !r.CloseTime.Equal(noon) || r.StageEndTime != nil || r.BoldestExperiment != test.closing.Boldest ||
					!slices.Equal(events, []domain.Event{domain.RetrospectiveClosed}) {
					t.Errorf("closed %+v with %v, %v", r, events, err)
				}
				return
			}
			var f *fault.Error
			if !errors.As(err, &f) || f.Reason != "RETROSPECTIVE_INCOMPLETE" {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, violation := range f.Violations {
				got = append(got, violation.Field+" "+violation.Reason)
			}
			if !slices.Equal(got, test.want) || r.Stage != domain.Decide || r.CloseTime != nil || len(events) != 0 {
				t.Errorf("reasons %q, want %q; %+v", got, test.want, r)
			}
		})
	}
}

func TestTheBoldestOfOneIsThatOne(t *testing.T) {
	for _, test := range []struct {
		name        string
		facts       []domain.Fact
		given, want string
	}{
		{"one was tried", []domain.Fact{{Experiment: "given-up"}, {Experiment: "rota", Verdict: "AS_PREDICTED"}}, "", "rota"},
		{"one was tried, another was bolder", []domain.Fact{{Experiment: "given-up"}, {Experiment: "rota", Verdict: "AS_PREDICTED"}}, "given-up", "given-up"},
		{"none was tried", []domain.Fact{{Experiment: "given-up"}}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := inStage(domain.Decide)
			r.FactsStrip.Experiments = test.facts
			r.Decisions = []domain.Decision{{Experiment: "rota", Kind: domain.Abandon, Text: "why"}}
			_, err := r.Close(domain.Closing{Learnings: []domain.DistilledLearning{{Experiment: "given-up"}}, Boldest: test.given}, noon)
			if err != nil || r.BoldestExperiment != test.want {
				t.Errorf("boldest %q, %v, want %q", r.BoldestExperiment, err, test.want)
			}
		})
	}
}

// Where nothing was tried there is nothing to learn from, and the actions are still agreed on.
func TestACycleWithoutATriedExperimentCloses(t *testing.T) {
	for name, facts := range map[string][]domain.Fact{"no experiment": nil, "one that still runs": {{Experiment: "rota", State: "RUNNING"}}} {
		t.Run(name, func(t *testing.T) {
			r := inStage(domain.Decide)
			r.FactsStrip.Experiments = facts
			if events, err := r.Close(domain.Closing{}, noon); err != nil || !slices.Equal(events, []domain.Event{domain.RetrospectiveClosed}) {
				t.Error(events, err)
			}
		})
	}
}

// What has not ended is no evidence; what was abandoned may teach.
func TestLearningsComeFromWhatHasEnded(t *testing.T) {
	for state, refused := range map[string]bool{"DRAFT": true, "RUNNING": true, "ABANDONED": false, "CONCLUDED": false} {
		t.Run(state, func(t *testing.T) {
			r := inStage(domain.Decide)
			r.FactsStrip.Experiments = []domain.Fact{{Experiment: "rota", State: state}}
			_, err := r.Close(domain.Closing{Learnings: []domain.DistilledLearning{{Experiment: "rota", Claim: "A rota halves the wait."}}}, noon)
			if !refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			f := fault.From(err)
			if f.Reason != "RETROSPECTIVE_INCOMPLETE" || len(f.Violations) != 1 || f.Violations[0].Field != "learnings[0].experiment" ||
				f.Violations[0].Reason != "EXPERIMENT_NOT_TRIED" {
				t.Error(err)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	r := inStage(domain.Decide)
	for _, decision := range []domain.Decision{{"rota", domain.Adapt, "next"}, {"pairing", domain.Abandon, "why"}, {"rota", domain.Adopt, " standard "}} {
		if events, err := r.Decide(decision); err != nil || !slices.Equal(events, []domain.Event{domain.RetrospectiveDecided}) {
			t.Fatal(events, err)
		}
	}
	want := []domain.Decision{{"pairing", domain.Abandon, "why"}, {"rota", domain.Adopt, "standard"}}
	if !slices.Equal(r.Decisions, want) {
		t.Errorf("decisions %v, want %v", r.Decisions, want)
	}
	if events, err := r.Decide(want[0]); len(events) != 0 || err != nil || !slices.Equal(r.Decisions, want) {
		t.Errorf("the same again: %v, %v, %v", events, err, r.Decisions)
	}
	for kind, asks := range map[domain.DecisionKind]string{domain.Adopt: "standard work", domain.Adapt: "what comes next", domain.Abandon: "why"} {
		_, err := r.Decide(domain.Decision{Experiment: "rota", Kind: kind, Text: " \t"})
		checkReason(t, err, "TEXT_MISSING")
		if f := fault.From(err); len(f.Violations) != 1 || f.Violations[0].Field != "decision.text" || !strings.Contains(f.Violations[0].Description, asks) {
			t.Errorf("%s: %+v, want %q", kind, f.Violations, asks)
		}
	}
	_, err := r.Decide(domain.Decision{Experiment: "given-up", Kind: domain.Adopt, Text: "x"})
	checkReason(t, err, "EXPERIMENT_NOT_TRIED")
	for _, stage := range []domain.Stage{domain.Collect, domain.Group, domain.Vote} {
		_, err = inStage(stage).Decide(domain.Decision{Experiment: "rota", Text: "x"})
		checkReason(t, err, "STAGE_MISMATCH")
	}
	_, err = inStage(domain.Closed).Decide(domain.Decision{Experiment: "rota", Text: "x"})
	checkReason(t, err, "RETROSPECTIVE_CLOSED")
}
