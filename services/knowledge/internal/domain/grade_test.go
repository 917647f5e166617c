package domain_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

const claim = "learnings/payments-review-rota-1a2b3c4d"

// piece is evidence that counts for a claim, of the experiment that a team concluded so many days in.
func piece(team string, day int, change ...func(*domain.Evidence)) domain.Evidence {
	e := domain.Evidence{
		Kind: domain.Replication, Team: "teams/" + team, Experiment: fmt.Sprintf("teams/%s/cycles/2026-w24/experiments/e%d", team, day),
		Locked: true, Verdict: "AS_PREDICTED", Result: domain.Worked, ConcludeTime: monday.AddDate(0, 0, day),
	}
	for _, c := range change {
		c(&e)
	}
	e.Name = domain.EvidenceName(claim, e.Experiment)
	return e
}

func didNot(e *domain.Evidence)     { e.Verdict, e.Result = "NOT_AS_PREDICTED", domain.DidNot }
func cannotTell(e *domain.Evidence) { e.Verdict, e.Result = "CANNOT_TELL", domain.CannotTell }
func unlocked(e *domain.Evidence)   { e.Locked = false }
func slipped(e *domain.Evidence)    { e.HoldFinding = domain.Slipped }
func held(e *domain.Evidence)       { e.HoldFinding = domain.Held }
func origin(e *domain.Evidence)     { e.Kind = domain.Origin }
func repeat(e *domain.Evidence)     { e.Kind = domain.Repeat }

func TestGradeOf(t *testing.T) {
	for _, c := range []struct {
		name     string
		evidence []domain.Evidence
		want     domain.Grade
	}{
		{"nothing", nil, domain.Grade{Level: domain.Anecdote}},
		{"no plan was locked", []domain.Evidence{piece("a", 1, origin, unlocked), piece("b", 2, unlocked, didNot)}, domain.Grade{Level: domain.Anecdote}},
		{"nobody can tell", []domain.Evidence{piece("a", 1, origin, cannotTell), piece("b", 2, cannotTell, slipped)}, domain.Grade{Level: domain.Anecdote}},
		{"one team", []domain.Evidence{piece("a", 1, origin)}, domain.Grade{Level: domain.Observed, Supporting: 1}},
		{"another team, while the origin cannot tell", []domain.Evidence{piece("a", 1, origin, cannotTell), piece("b", 2)}, domain.Grade{Level: domain.Observed, Supporting: 1}},
		{"the origin's repeats", []domain.Evidence{piece("a", 1, origin), piece("a", 2, repeat), piece("a", 3, repeat)}, domain.Grade{Level: domain.Observed, Supporting: 1}},
		{"a second team", []domain.Evidence{piece("a", 1, origin), piece("b", 2)}, domain.Grade{Level: domain.Replicated, Supporting: 2, Replications: 1}},
		{"a third", []domain.Evidence{piece("a", 1, origin), piece("b", 2, held), piece("c", 2)}, domain.Grade{Level: domain.Replicated, Supporting: 3, Replications: 2}},
		{"one of two", []domain.Evidence{piece("a", 1, origin), piece("b", 2, didNot)}, domain.Grade{Level: domain.Contested, Supporting: 1, Opposing: 1}},
		{"one of three", []domain.Evidence{piece("a", 1), piece("b", 2), piece("c", 3, didNot)}, domain.Grade{Level: domain.Contested, Supporting: 2, Opposing: 1}},
		{"one of four", []domain.Evidence{piece("a", 1), piece("b", 2), piece("c", 3), piece("d", 3, didNot)}, domain.Grade{Level: domain.Replicated, Supporting: 3, Opposing: 1, Replications: 2}},
		{"nobody any more", []domain.Evidence{piece("a", 1, origin, slipped)}, domain.Grade{Level: domain.Contested, Opposing: 1}},
		{"it slipped in the second team", []domain.Evidence{piece("a", 1, origin), piece("b", 2, slipped)}, domain.Grade{Level: domain.Contested, Supporting: 1, Opposing: 1}},
		{"it did not, and what came instead holds", []domain.Evidence{piece("a", 1, didNot, held)}, domain.Grade{Level: domain.Contested, Opposing: 1}},
		{"a team that finds otherwise later", []domain.Evidence{piece("a", 1, origin), piece("a", 5, repeat, didNot)}, domain.Grade{Level: domain.Contested, Opposing: 1}},
		{"and again otherwise", []domain.Evidence{piece("a", 6, repeat), piece("a", 1, origin), piece("a", 5, repeat, didNot)}, domain.Grade{Level: domain.Observed, Supporting: 1}},
		{"what does not count decides for no team", []domain.Evidence{piece("a", 1, origin), piece("a", 5, repeat, cannotTell), piece("a", 6, repeat, unlocked, didNot)}, domain.Grade{Level: domain.Observed, Supporting: 1}},
		{"at the same instant, against decides", []domain.Evidence{
			piece("a", 1), piece("a", 1, func(e *domain.Evidence) { e.Experiment += "-x" }, didNot),
		}, domain.Grade{Level: domain.Contested, Opposing: 1}},
		{"nothing of here", []domain.Evidence{piece("a", 1, func(e *domain.Evidence) { e.Team = "" }), piece("b", 1, func(e *domain.Evidence) { e.Experiment = "" })}, domain.Grade{Level: domain.Anecdote}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := domain.GradeOf(c.evidence)
			if got.Explanation == "" {
				t.Error("it is not explained")
			}
			got.Explanation = ""
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAGradeIsExplainedInWords(t *testing.T) {
	for want, evidence := range map[string][]domain.Evidence{
		"No experiment whose plan was locked before it started can tell yet whether it holds.":                                                                   nil,
		"One team found it in an experiment with a locked plan. No other team has found it again yet.":                                                           {piece("a", 1)},
		"2 teams found it in experiments with locked plans: the first, and 1 team independent of it.":                                                            {piece("a", 1), piece("b", 1)},
		"4 teams found it in experiments with locked plans: the first, and 3 teams independent of it. But 1 team found that it does not hold, or does not last.": {piece("a", 1), piece("b", 1), piece("c", 1), piece("d", 1), piece("e", 1, didNot)},
		"2 teams found in experiments with locked plans that it does not hold, or does not last; none found that it does.":                                       {piece("a", 1, didNot), piece("b", 1, slipped)},
		"1 team found it in experiments with locked plans, and 2 teams that it does not hold, or does not last.":                                                 {piece("a", 1, didNot), piece("b", 1, slipped), piece("c", 1)},
	} {
		if got := domain.GradeOf(evidence).Explanation; got != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
}

func TestEvidenceTellsWhyItDoesNotCount(t *testing.T) {
	evidence := []domain.Evidence{
		piece("a", 1), piece("a", 2, unlocked), piece("a", 3, cannotTell), piece("a", 4, didNot), piece("b", 9, func(e *domain.Evidence) { e.Team = "" }), piece("c", 1),
	}
	want := []domain.Weight{
		{WhyNot: "A team counts once, by what it found last: a later experiment of this team decides."},
		{WhyNot: "The plan was not locked before the experiment started."},
		{WhyNot: "The experiment cannot tell."},
		{Counts: true, Against: true},
		{WhyNot: "It was found elsewhere. Here it has to be found again."},
		{Counts: true},
	}
	if got := domain.Weigh(evidence); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

// anyEvidence draws what few teams found, with many ties.
func anyEvidence(t *rapid.T, label string) []domain.Evidence {
	one := rapid.Custom(func(t *rapid.T) domain.Evidence {
		return piece(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "team"), rapid.IntRange(0, 3).Draw(t, "day"), func(e *domain.Evidence) {
			e.Experiment += fmt.Sprint("-", rapid.IntRange(0, 2).Draw(t, "number"))
			e.Kind = rapid.SampledFrom([]domain.EvidenceKind{domain.Origin, domain.Repeat, domain.Replication}).Draw(t, "kind")
			e.Locked = rapid.IntRange(0, 3).Draw(t, "locked") > 0
			e.Result = rapid.SampledFrom([]domain.Result{domain.Worked, domain.DidNot, domain.CannotTell}).Draw(t, "result")
			e.HoldFinding = rapid.SampledFrom([]domain.HoldFinding{"", domain.Held, domain.Slipped}).Draw(t, "found")
		})
	})
	return rapid.SliceOfNDistinct(one, 0, 12, func(e domain.Evidence) string { return e.Name }).Draw(t, label)
}

func teamsOf(evidence []domain.Evidence) map[string]bool {
	all := map[string]bool{}
	for _, e := range evidence {
		all[e.Team] = true
	}
	return all
}

// counting is the rule for the teams once more, in another way: the greatest of each team's evidence that counts.
func counting(evidence []domain.Evidence) (supporting, opposing int) {
	for team := range teamsOf(evidence) {
		var of []domain.Evidence
		for _, e := range evidence {
			if e.Team == team && e.Locked && e.Result != domain.CannotTell {
				of = append(of, e)
			}
		}
		against := func(e domain.Evidence) bool { return e.Result == domain.DidNot || e.HoldFinding == domain.Slipped }
		slices.SortFunc(of, func(a, b domain.Evidence) int {
			if c := b.ConcludeTime.Compare(a.ConcludeTime); c != 0 {
				return c
			}
			if against(a) != against(b) {
				return map[bool]int{true: -1, false: 1}[against(a)]
			}
			return strings.Compare(a.Name, b.Name)
		})
		switch {
		case len(of) == 0:
		case against(of[0]):
			opposing++
		default:
			supporting++
		}
	}
	return supporting, opposing
}

func weightsByName(evidence []domain.Evidence) map[string]domain.Weight {
	all := map[string]domain.Weight{}
	for i, w := range domain.Weigh(evidence) {
		all[evidence[i].Name] = w
	}
	return all
}

func TestGradesKeepTheirPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evidence := anyEvidence(t, "evidence")
		grade := domain.GradeOf(evidence)

		if s, o := counting(evidence); grade.Supporting != s || grade.Opposing != o {
			t.Fatalf("%d for, %d against; want %d, %d", grade.Supporting, grade.Opposing, s, o)
		}
		if got := domain.GradeOf(rapid.Permutation(evidence).Draw(t, "in another order")); got != grade {
			t.Fatalf("the order of arrival matters: %+v, not %+v", got, grade)
		}
		if got, want := weightsByName(rapid.Permutation(evidence).Draw(t, "in a third order")), weightsByName(evidence); !maps.Equal(got, want) {
			t.Fatalf("the order of arrival decides what counts: %v, not %v", got, want)
		}
		if len(evidence) > 0 {
			again := rapid.SampledFrom(evidence).Draw(t, "again")
			if got := domain.GradeOf(append(slices.Clone(evidence), again)); got != grade {
				t.Fatalf("what arrives twice matters: %+v, not %+v", got, grade)
			}
		}
		if n := len(teamsOf(evidence)); grade.Supporting+grade.Opposing > n {
			t.Fatalf("%d teams count as %+v", n, grade)
		}
		counts := map[string]int{}
		for i, w := range domain.Weigh(evidence) {
			if w.Counts == (w.WhyNot != "") || w.Against && !w.Counts {
				t.Fatalf("%+v contradicts itself", w)
			}
			if w.Counts {
				counts[evidence[i].Team]++
			}
		}
		for team, n := range counts {
			if n != 1 {
				t.Fatalf("%s counts %d times", team, n)
			}
		}
		if len(counts) != grade.Supporting+grade.Opposing {
			t.Fatalf("%d teams count, and the grade is %+v", len(counts), grade)
		}
	})
}

func TestATeamCountsOnceHoweverOftenItTries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evidence := anyEvidence(t, "evidence")
		before := domain.GradeOf(evidence)
		if before.Supporting+before.Opposing == 0 {
			return
		}
		of := rapid.SampledFrom(evidence).Draw(t, "of")
		further := piece(strings.TrimPrefix(of.Team, "teams/"), rapid.IntRange(0, 9).Draw(t, "day"), func(e *domain.Evidence) { e.Experiment += "-further" })
		if rapid.Bool().Draw(t, "against") {
			didNot(&further)
		}
		known := slices.ContainsFunc(evidence, func(e domain.Evidence) bool { return e.Team == of.Team && e.Locked && e.Result != domain.CannotTell })
		after := domain.GradeOf(append(slices.Clone(evidence), further))
		if n, was := after.Supporting+after.Opposing, before.Supporting+before.Opposing; known && n != was || !known && n != was+1 {
			t.Fatalf("a further experiment makes %+v of %+v", after, before)
		}
	})
}

func TestTheOriginsOwnRepeatsDoNotReplicate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evidence := []domain.Evidence{piece("a", 0, origin)}
		for i := range rapid.IntRange(0, 20).Draw(t, "repeats") {
			e := piece("a", i+1, repeat)
			if rapid.Bool().Draw(t, "did not") {
				didNot(&e)
			}
			evidence = append(evidence, e)
		}
		if g := domain.GradeOf(evidence); g.Level == domain.Replicated || g.Replications != 0 || g.Supporting+g.Opposing != 1 {
			t.Fatalf("%+v", g)
		}
	})
}

func TestOneMoreIndependentTeamWeighsOnItsSideOnly(t *testing.T) {
	order := []domain.GradeLevel{domain.Anecdote, domain.Observed, domain.Replicated}
	rapid.Check(t, func(t *rapid.T) {
		evidence := anyEvidence(t, "evidence")
		before := domain.GradeOf(evidence)
		more := domain.GradeOf(append(slices.Clone(evidence), piece("new", rapid.IntRange(0, 9).Draw(t, "day"))))
		if more.Supporting != before.Supporting+1 || more.Opposing != before.Opposing {
			t.Fatalf("one more for it makes %+v of %+v", more, before)
		}
		if before.Level != domain.Contested && (more.Level == domain.Contested || slices.Index(order, more.Level) < slices.Index(order, before.Level)) {
			t.Fatalf("one more for it makes it worse: %+v of %+v", more, before)
		}
		less := domain.GradeOf(append(slices.Clone(evidence), piece("new", rapid.IntRange(0, 9).Draw(t, "day"), didNot)))
		if less.Supporting != before.Supporting || less.Opposing != before.Opposing+1 {
			t.Fatalf("one more against it makes %+v of %+v", less, before)
		}
		if before.Level == domain.Contested && less.Level != domain.Contested {
			t.Fatalf("one more against it settles it: %+v of %+v", less, before)
		}
	})
}

func TestRegrade(t *testing.T) {
	observed := domain.GradeOf([]domain.Evidence{piece("a", 1)})
	for state, want := range map[domain.State]domain.Event{
		domain.Draft: domain.LearningDrafted, domain.Published: domain.LearningGradeChanged, domain.Retired: domain.LearningGradeChanged,
	} {
		l := &domain.Learning{State: state}
		if events := l.Regrade(domain.GradeOf(nil), monday); len(events) != 0 {
			t.Errorf("%s: nothing is told as %v", state, events)
		}
		if events := l.Regrade(observed, monday); !slices.Equal(events, []domain.Event{want}) || l.Grade.Level != domain.Observed || !l.Grade.Changed.Equal(monday) {
			t.Errorf("%s: %v, %+v", state, events, l.Grade)
		}
		if events := l.Regrade(observed, tuesday); len(events) != 0 || !l.Grade.Changed.Equal(monday) {
			t.Errorf("%s: the same again is %v, %+v", state, events, l.Grade)
		}
	}
	l := &domain.Learning{State: domain.Published}
	two, three := []domain.Evidence{piece("a", 1), piece("b", 1)}, []domain.Evidence{piece("a", 1), piece("b", 1), piece("c", 1)}
	l.Regrade(domain.GradeOf(two), monday)
	if events := l.Regrade(domain.GradeOf(three), tuesday); len(events) != 1 || l.Grade.Replications != 2 || !l.Grade.Changed.Equal(monday) {
		t.Errorf("other numbers of the same level: %v, %+v", events, l.Grade)
	}
}

// A grade is read within every answer and written with every conclusion.
func BenchmarkGradeOf(b *testing.B) {
	var evidence []domain.Evidence
	for i := range 1000 {
		evidence = append(evidence, piece(fmt.Sprint("t", i%300), i))
	}
	b.ReportAllocs()
	for b.Loop() {
		domain.GradeOf(evidence)
	}
}
