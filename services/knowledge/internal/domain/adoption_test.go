package domain_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

func adopted(answer domain.Answer) *domain.Offer {
	return &domain.Offer{
		Name: domain.OfferName("teams/search", claim), State: domain.Answered, Answer: answer, AnswerText: "Only on Fridays.",
		Adoption: &domain.Adoption{State: domain.Drafting},
		Reasons: []domain.OfferReason{
			{Kind: domain.BecauseProcess}, {Kind: domain.BecauseObstacle, Obstacle: "teams/search/obstacles/waits"}, {Kind: domain.BecauseObstacle, Obstacle: "teams/search/obstacles/other"},
		},
	}
}

// stands is the experiment with the id in one of its states.
func stands(id string, state domain.AdoptionState) domain.Standing {
	s := domain.Standing{Experiment: "teams/search/cycles/2026-w24/experiments/" + id, Learning: claim, State: state}
	if state == domain.Concluded {
		s.Verdict, s.ConcludeTime = "NOT_AS_PREDICTED", tuesday
	}
	return s
}

func TestAnAdoptionFollowsItsExperiment(t *testing.T) {
	o := adopted(domain.Adopt)
	if events := o.Stuck("No cycle."); len(events) != 1 || o.Adoption.Problem != "No cycle." {
		t.Errorf("stuck: %v, %+v", events, o.Adoption)
	}
	if events := o.Stuck("No cycle."); len(events) != 0 {
		t.Errorf("still stuck: %v", events)
	}
	if !o.ToDraft() {
		t.Error("there is nothing to draft")
	}
	for _, state := range []domain.AdoptionState{domain.Drafted, domain.Running, domain.Concluded} {
		for again := range 2 {
			if events := o.Follow(stands("a", state)); len(events) != 1-again {
				t.Errorf("%s, time %d: %v", state, again+1, events)
			}
		}
	}
	want := domain.Adoption{State: domain.Concluded, Experiment: stands("a", "").Experiment, Result: domain.DidNot, ConcludeTime: tuesday}
	if *o.Adoption != want || o.ToDraft() {
		t.Errorf("in the end: %+v", o.Adoption)
	}
	if events := o.Stuck("Too late."); len(events) != 0 || *o.Adoption != want {
		t.Errorf("stuck afterwards: %v, %+v", events, o.Adoption)
	}
	if events := (&domain.Offer{Name: o.Name, State: domain.Open}).Follow(stands("a", domain.Concluded)); len(events) != 0 {
		t.Errorf("nobody has adopted it, and it moves: %v", events)
	}
	if events := adopted(domain.Adopt).Follow(stands("a", "")); len(events) != 0 {
		t.Errorf("nothing is known, and it moves: %v", events)
	}
}

func TestAnotherExperimentInItsPlace(t *testing.T) {
	for _, c := range []struct {
		name      string
		first     domain.AdoptionState
		second    domain.AdoptionState
		takesOver bool
	}{
		{"two drafts", domain.Drafted, domain.Drafted, false},
		{"a draft, and one that runs", domain.Drafted, domain.Running, true},
		{"one that runs, and a draft", domain.Running, domain.Drafted, false},
		{"one that runs, and one that has ended", domain.Running, domain.Concluded, true},
		{"an abandoned one, and a draft", domain.Abandoned, domain.Drafted, true},
		{"a draft, and an abandoned one", domain.Drafted, domain.Abandoned, false},
		{"two results", domain.Concluded, domain.Concluded, false},
		{"a result, and one that runs", domain.Concluded, domain.Running, false},
	} {
		o := adopted(domain.Adopt)
		o.Follow(stands("a", c.first))
		events := o.Follow(stands("b", c.second))
		want := map[bool]string{true: "b", false: "a"}[c.takesOver]
		if (len(events) == 1) != c.takesOver || !strings.HasSuffix(o.Adoption.Experiment, "/"+want) {
			t.Errorf("%s: %v, %+v", c.name, events, o.Adoption)
		}
	}
}

// Events of one experiment may come late and again: the adoption is in the end where the experiment is.
func TestTheOrderOfArrivalDoesNotMoveAnAdoption(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.SampledFrom([][]domain.AdoptionState{
			{domain.Drafted, domain.Running, domain.Concluded}, {domain.Drafted, domain.Abandoned}, {domain.Drafted, domain.Running, domain.Abandoned},
		}).Draw(t, "path")
		arrive := rapid.Permutation(append(rapid.SliceOf(rapid.SampledFrom(path)).Draw(t, "again"), path...)).Draw(t, "arrive")
		o := adopted(domain.Adopt)
		rank := map[domain.AdoptionState]int{domain.Drafting: 0, domain.Drafted: 1, domain.Running: 2, domain.Abandoned: 3, domain.Concluded: 3}
		for _, state := range arrive {
			before := o.Adoption.State
			o.Follow(stands("a", state))
			if rank[o.Adoption.State] < rank[before] {
				t.Fatalf("from %s back to %s", before, o.Adoption.State)
			}
		}
		if o.Adoption.State != path[len(path)-1] {
			t.Fatalf("%v ends as %s", arrive, o.Adoption.State)
		}
	})
}

func TestWhereItIsDrafted(t *testing.T) {
	draft, doing := domain.CycleToDraftIn{Name: "d"}, domain.CycleToDraftIn{Name: "r", Running: true}
	checking := domain.CycleToDraftIn{Name: "r", Running: true, PastDo: true}
	for _, c := range []struct {
		name   string
		wanted string
		cycles []domain.CycleToDraftIn
		want   string
		why    string
	}{
		{"the planned one", "", []domain.CycleToDraftIn{doing, draft}, "d", ""},
		{"the wanted one", "r", []domain.CycleToDraftIn{draft, doing}, "r", ""},
		{"the wanted one has ended", "old", []domain.CycleToDraftIn{doing}, "r", ""},
		{"the wanted one is past DO", "r", []domain.CycleToDraftIn{checking, draft}, "d", ""},
		{"nothing is tried any more", "r", []domain.CycleToDraftIn{checking}, "", "past DO"},
		{"none", "", nil, "", "neither a drafted nor a running cycle"},
	} {
		o := adopted(domain.Adopt)
		o.Cycle = c.wanted
		if got, why := o.ChooseCycle(c.cycles); got != c.want || (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q, %q", c.name, got, why)
		}
	}
}

func TestTheDraftOfAnExperiment(t *testing.T) {
	l := &domain.Learning{Name: claim, Claim: "A rota halves the wait.", Tried: "Two named reviewers.", HowToTry: "Name two people a week."}
	got := adopted(domain.Adopt).Draft(l)
	want := domain.ExperimentDraft{
		DisplayName: "A rota halves the wait.", Obstacle: "teams/search/obstacles/waits", Learning: claim, Change: "Name two people a week.", Reason: "A rota halves the wait.",
	}
	if got != want {
		t.Errorf("adopted: %+v", got)
	}
	if got := adopted(domain.Adapt).Draft(l).Change; got != "Only on Fridays.\n\nAs it was learned: Name two people a week." {
		t.Errorf("adapted: %q", got)
	}
	l.HowToTry = " "
	if got := adopted(domain.Adopt).Draft(l).Change; got != "Two named reviewers." {
		t.Errorf("nobody says how to try it: %q", got)
	}
	l.Tried = ""
	if got := adopted(domain.Adopt).Draft(l).Change; got != l.Claim {
		t.Errorf("nobody says what was tried: %q", got)
	}
	long := adopted(domain.Adapt)
	long.AnswerText, l.HowToTry, l.Claim = strings.Repeat("ä ", 1000), strings.Repeat("ö", 4000), strings.Repeat("ü x\n", 600)
	got = long.Draft(l)
	for text, most := range map[string]int{got.DisplayName: 120, got.Change: 1000, got.Reason: 1000} {
		if n := utf8.RuneCountInString(text); n > most || n < most-2 || !strings.HasSuffix(text, "…") {
			t.Errorf("%d of %d characters: %.30q", n, most, text)
		}
	}
	if strings.Contains(got.DisplayName, "\n") {
		t.Error("a name has two lines")
	}
	if id, other := long.ExperimentID(), (&domain.Offer{Name: "teams/search/offers/other"}).ExperimentID(); id == other || len(id) > 63 || id != adopted(domain.Adopt).ExperimentID() {
		t.Errorf("the ids are %q and %q", id, other)
	}
}
