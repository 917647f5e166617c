package domain_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

var (
	noon  = time.Date(2026, 6, 19, 12, 0, 0, 0, time.UTC)
	act   = domain.CycleFact{Running: true, Phase: "ACT"}
	facts = []domain.Fact{{Experiment: "rota", Verdict: "AS_PREDICTED"}, {Experiment: "pairing", Verdict: "CANNOT_TELL"}, {Experiment: "given-up"}}
)

func inStage(stage domain.Stage) *domain.Retrospective {
	return &domain.Retrospective{Name: "r", Stage: stage, Facts: facts}
}

func TestOpenNeedsTheActPhase(t *testing.T) {
	for _, cycle := range []domain.CycleFact{{Running: true, Phase: "CHECK"}, {Running: false, Phase: "ACT"}} {
		_, err := domain.Open("r", false, cycle, nil)
		checkReason(t, err, "CYCLE_NOT_IN_ACT")
	}
	r, err := domain.Open("r", true, act, facts)
	if err != nil || r.Stage != domain.Collect || !r.Anonymous || len(r.Facts) != len(facts) {
		t.Errorf("opened %+v, %v", r, err)
	}
}

func TestCloseAnswersEverythingMissingAtOnce(t *testing.T) {
	decided := []domain.Decision{{Experiment: "rota", Kind: domain.Adopt}, {Experiment: "pairing", Kind: domain.Abandon}}
	rota := domain.DistilledLearning{Experiment: "rota", Claim: "a rota halves the wait"}
	tests := []struct {
		name      string
		decisions []domain.Decision
		learnings []domain.DistilledLearning
		boldest   string
		want      []string
	}{
		{"complete", decided, []domain.DistilledLearning{rota}, "pairing", nil},
		{"nothing", nil, nil, "", []string{"LEARNING_MISSING", "DECISION_MISSING", "DECISION_MISSING"}},
		{"one decision missing", decided[:1], []domain.DistilledLearning{rota}, "", []string{"DECISION_MISSING"}},
		{"adopted without its learning", decided, []domain.DistilledLearning{{Experiment: "pairing"}}, "", []string{"ADOPTED_LEARNING_MISSING"}},
		{"two learnings of one experiment", decided, []domain.DistilledLearning{rota, rota}, "", []string{"LEARNING_TWICE"}},
		{"foreign experiments", decided, []domain.DistilledLearning{rota, {Experiment: "other"}}, "other", []string{"EXPERIMENT_NOT_IN_CYCLE", "EXPERIMENT_NOT_IN_CYCLE"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := inStage(domain.Decide)
			r.Decisions = test.decisions
			events, err := r.Close(test.learnings, test.boldest, noon)
			if test.want == nil {
				if err != nil || r.Stage != domain.Closed || !r.CloseTime.Equal(noon) || !slices.Equal(events, []domain.Event{domain.RetrospectiveClosed}) {
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
				got = append(got, violation.Reason)
			}
			if !slices.Equal(got, test.want) || r.Stage != domain.Decide || len(events) != 0 {
				t.Errorf("reasons %v, want %v; stage %s", got, test.want, r.Stage)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	r := inStage(domain.Decide)
	for _, decision := range []domain.Decision{{"rota", domain.Adapt, "next"}, {"pairing", domain.Abandon, "why"}, {"rota", domain.Adopt, "standard"}} {
		if _, err := r.Decide(decision); err != nil {
			t.Fatal(err)
		}
	}
	if want := []domain.Decision{{"pairing", domain.Abandon, "why"}, {"rota", domain.Adopt, "standard"}}; !slices.Equal(r.Decisions, want) {
		t.Errorf("decisions %v, want %v", r.Decisions, want)
	}
	_, err := r.Decide(domain.Decision{Experiment: "given-up", Kind: domain.Adopt})
	checkReason(t, err, "EXPERIMENT_NOT_TRIED")
	_, err = inStage(domain.Vote).Decide(domain.Decision{Experiment: "rota"})
	checkReason(t, err, "STAGE_MISMATCH")
}

func TestAnonymousNoteHasNoAuthor(t *testing.T) {
	for _, anonymous := range []bool{true, false} {
		r := inStage(domain.Collect)
		r.Anonymous = anonymous
		note, event, err := domain.NewNote(domain.Note{Author: "users/mina"}, r)
		if err != nil || (note.Author == "") != anonymous || (event == domain.AnonymousNoteWritten) != anonymous {
			t.Errorf("anonymous %t: %+v, %s, %v", anonymous, note, event, err)
		}
	}
	_, _, err := domain.NewNote(domain.Note{}, inStage(domain.Group))
	checkReason(t, err, "STAGE_MISMATCH")
}

func TestActions(t *testing.T) {
	r := inStage(domain.Decide)
	for agreed := range domain.MaxActions {
		if _, err := domain.NewAction(domain.Action{}, r, agreed); err != nil {
			t.Fatal(err)
		}
	}
	_, err := domain.NewAction(domain.Action{}, r, domain.MaxActions)
	checkReason(t, err, "TOO_MANY_ACTIONS")
	action, err := domain.NewAction(domain.Action{}, r, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := action.Complete("it worked"); err != nil || action.State != domain.ActionDone {
		t.Errorf("completed %+v, %v", action, err)
	}
	_, err = action.Complete("again")
	checkReason(t, err, "ACTION_DONE")
}

// Whatever is called in whatever order, a closed retrospective never changes again, and it is closed only from DECIDE
// with a decision on everything that was tried.
func TestRetrospectiveStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := inStage(domain.Collect)
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			before := *r
			var err error
			switch rapid.SampledFrom([]string{"move", "decide", "close"}).Draw(t, "verb") {
			case "move":
				_, err = r.Move(rapid.SampledFrom([]domain.Stage{domain.Collect, domain.Group, domain.Vote, domain.Decide}).Draw(t, "to"))
			case "decide":
				_, err = r.Decide(domain.Decision{Experiment: rapid.SampledFrom([]string{"rota", "pairing"}).Draw(t, "experiment"), Kind: domain.Adapt})
			case "close":
				_, err = r.Close([]domain.DistilledLearning{{Experiment: "rota"}}, "", noon)
				if err == nil && (before.Stage != domain.Decide || len(before.Decisions) != 2) {
					t.Fatalf("closed from %+v", before)
				}
			}
			if before.Stage == domain.Closed && (err == nil || r.Stage != domain.Closed || len(r.Decisions) != len(before.Decisions)) {
				t.Fatalf("a closed retrospective changed: %+v", r)
			}
		}
	})
}

func checkReason(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || fault.From(err).Reason != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
