package domain

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// near is a published learning with a share of the plan's words, two of them.
func near(id string, coverage float64, edits ...func(*NearLearning)) NearLearning {
	n := NearLearning{
		Learning: &Learning{Name: "learnings/" + id, State: Published, Verdict: "AS_PREDICTED"}, Words: []string{"reviews", "wait"}, Coverage: coverage,
	}
	for _, edit := range edits {
		edit(&n)
	}
	return n
}

func refuted(n *NearLearning)   { n.Learning.Verdict = "NOT_AS_PREDICTED" }
func contested(n *NearLearning) { n.Learning.Grade.Level = Contested }
func oneWord(n *NearLearning)   { n.Words = n.Words[:1] }
func common(n *NearLearning)    { n.Rarest, n.Weight = 4, 2.9 }

func text(score float64) func(*NearLearning) { return func(n *NearLearning) { n.Text = score } }

func inState(s State) func(*NearLearning) { return func(n *NearLearning) { n.Learning.State = s } }

func inContext(c Context, tags ...string) func(*NearLearning) {
	return func(n *NearLearning) { n.Learning.Context, n.Learning.Tags = c, tags }
}

// reviews is a plan of a team whose work is said.
var reviews = Plan{
	Experiment: "teams/payments/cycles/c/experiments/e",
	Context:    Context{Process: "Code review", ConstraintType: "waiting", Stack: []string{"go", "postgres"}},
	Says:       func(phrase string) bool { return slices.Contains([]string{"review-rota", "slack", "pairing"}, phrase) },
}

func ids(suggestions []Suggestion) string {
	all := make([]string, len(suggestions))
	for i, s := range suggestions {
		all[i] = strings.TrimPrefix(s.Learning.Name, "learnings/")
	}
	return strings.Join(all, " ")
}

func TestSuggestRanks(t *testing.T) {
	alike := inContext(Context{Process: "code review", ConstraintType: "waiting", Stack: []string{"go"}}, "review-rota")
	itself := func(n *NearLearning) { n.Learning.Experiment = reviews.Experiment }
	for name, c := range map[string]struct {
		near []NearLearning
		size int
		want string
	}{
		"nothing":                         {nil, 0, ""},
		"the nearer words first":          {[]NearLearning{near("a", 0.3), near("b", 0.5)}, 0, "b a"},
		"equally near ones by name":       {[]NearLearning{near("b", 0.5), near("a", 0.5)}, 0, "a b"},
		"a like context goes before":      {[]NearLearning{near("a", 0.5), near("b", 0.3, alike)}, 0, "b a"},
		"a like context at most doubles":  {[]NearLearning{near("a", 0.5), near("b", 0.24, alike)}, 0, "a b"},
		"few words are nothing":           {[]NearLearning{near("a", 0.09, alike), near("b", 0.1)}, 0, "b"},
		"one word of many is nothing":     {[]NearLearning{near("a", 0.33, oneWord, alike), near("b", 0.34, oneWord)}, 0, "b"},
		"a common word is nothing":        {[]NearLearning{near("a", 1, oneWord, common), near("b", 1, common)}, 0, "b"},
		"where the words are":             {[]NearLearning{near("a", 0.5, text(4)), near("b", 0.4, text(8))}, 0, "b a"},
		"words before their places":       {[]NearLearning{near("a", 0.9, text(1)), near("b", 0.4, text(8))}, 0, "a b"},
		"no drafts, nothing retired":      {[]NearLearning{near("a", 1, inState(Draft)), near("b", 1, inState(Retired)), near("c", 0.5)}, 0, "c"},
		"not what it taught itself":       {[]NearLearning{near("a", 1, itself, refuted), near("b", 0.5)}, 0, "b"},
		"the same one once":               {[]NearLearning{near("a", 0.5), near("a", 0.5)}, 0, "a"},
		"five when not said":              {[]NearLearning{near("f", 1), near("e", 1), near("d", 1), near("c", 1), near("b", 1), near("a", 1)}, 0, "a b c d e"},
		"as many as wanted":               {[]NearLearning{near("b", 1), near("a", 1)}, 1, "a"},
		"the nearest refuted one is kept": {[]NearLearning{near("a", 0.9), near("b", 0.8), near("c", 0.3, refuted), near("d", 0.2, refuted)}, 2, "a c"},
		"so is a contested one":           {[]NearLearning{near("a", 0.9), near("b", 0.8), near("c", 0.3, contested)}, 2, "a c"},
		"also alone":                      {[]NearLearning{near("a", 0.9), near("b", 0.2, refuted)}, 1, "b"},
		"one on the page is enough":       {[]NearLearning{near("a", 0.9, refuted), near("b", 0.8), near("c", 0.7, refuted)}, 2, "a b"},
		"a refuted one that is far off":   {[]NearLearning{near("a", 0.9), near("b", 0.8), near("c", 0.09, refuted)}, 2, "a b"},
	} {
		if got := ids(Suggest(reviews, c.near, c.size)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	var many []NearLearning
	for i := range 30 {
		many = append(many, near(fmt.Sprint(i), 1))
	}
	if got := len(Suggest(reviews, many, 1000)); got != 20 {
		t.Errorf("%d at most", got)
	}
}

func TestSuggestSaysWhy(t *testing.T) {
	long := strings.Repeat("x", 200)
	for name, c := range map[string]struct {
		near  NearLearning
		score float64
		want  []SuggestionReason
	}{
		"words alone": {near("a", 0.5), 0.5, []SuggestionReason{{SameWords, "It has words of the plan: reviews, wait."}}},
		"five words are named": {
			near("a", 0.5, func(n *NearLearning) { n.Words = strings.Fields("a b c d e f") }), 0.5,
			[]SuggestionReason{{SameWords, "It has words of the plan: a, b, c, d, e."}},
		},
		"a word without an end is cut": {
			near("a", 0.5, func(n *NearLearning) { n.Words = []string{long} }), 0.5,
			[]SuggestionReason{{SameWords, "It has words of the plan: " + long[:119] + "…."}},
		},
		"everything": {
			near("a", 0.5, inContext(Context{Process: "code REVIEW", ConstraintType: "waiting", Stack: []string{"java", "slack", "go"}}, "mobile", "pairing")), 1,
			[]SuggestionReason{
				{SameWords, "It has words of the plan: reviews, wait."},
				{SameProcess, "It is about the same process: code REVIEW."},
				{SameConstraintType, "The same type of constraint held the work back: waiting."},
				{SameTag, "The plan speaks of what it is tagged with: pairing."},
				{SameStack, "It was found with the same tools and techniques: slack, go."},
			},
		},
		"a process that the plan speaks of": {
			near("a", 0.5, inContext(Context{Process: "pairing"})), 0.65,
			[]SuggestionReason{{SameWords, "It has words of the plan: reviews, wait."}, {SameProcess, "It is about the same process: pairing."}},
		},
		"another context": {
			near("a", 0.5, inContext(Context{Process: "deployment", ConstraintType: "policy", TeamSize: 6, Stack: []string{"java"}}, "mobile")), 0.5,
			[]SuggestionReason{{SameWords, "It has words of the plan: reviews, wait."}},
		},
	} {
		got := Suggest(reviews, []NearLearning{c.near}, 0)
		if len(got) != 1 || got[0].Score < c.score-1e-9 || got[0].Score > c.score+1e-9 || !slices.Equal(got[0].Reasons, c.want) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	// What nobody said is like nothing.
	nobody := Plan{Says: func(string) bool { return false }}
	if got := Suggest(nobody, []NearLearning{near("a", 0.5)}, 0); len(got) != 1 || len(got[0].Reasons) != 1 {
		t.Errorf("got %+v", got)
	}
}

// In whatever order the learnings are found: the same come up, nothing that is too far off, and of the near refuted ones the nearest.
func TestSuggestKeepsTheNearestRefuted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []NearLearning
		for i := range rapid.IntRange(0, 30).Draw(t, "learnings") {
			n := near(fmt.Sprintf("%02d", i), float64(rapid.IntRange(0, 20).Draw(t, "coverage"))/20)
			if rapid.IntRange(0, 5).Draw(t, "refuted") == 0 {
				refuted(&n)
			}
			all = append(all, n)
		}
		size := rapid.IntRange(1, 8).Draw(t, "size")
		got := Suggest(reviews, all, size)
		if again := Suggest(reviews, rapid.Permutation(all).Draw(t, "order"), size); ids(again) != ids(got) {
			t.Fatalf("%s, in another order %s", ids(got), ids(again))
		}
		best, enough := "", 0
		for _, s := range Suggest(reviews, slices.DeleteFunc(slices.Clone(all), func(n NearLearning) bool { return !n.Learning.Refuted() }), 1) {
			best = s.Learning.Name
		}
		for _, n := range all {
			if n.Coverage >= leastCoverage {
				enough++
			}
		}
		if len(got) != min(size, enough) {
			t.Fatalf("%d come up, want %d", len(got), min(size, enough))
		}
		if best != "" && !slices.ContainsFunc(got, func(s Suggestion) bool { return s.Learning.Name == best && s.Refuted }) {
			t.Fatalf("%s is not among %s", best, ids(got))
		}
	})
}
