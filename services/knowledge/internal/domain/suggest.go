package domain

import (
	"cmp"
	"slices"
	"strings"
)

// How near a learning is to a plan is the share of the plan's words that it has, rare words weighing more, down to half of that when
// others have them in better places; and up to twice that when the context is alike, too. Words come first: no context brings up what
// the words do not.
const (
	processWeight        = 0.3
	constraintTypeWeight = 0.3
	tagWeight            = 0.2
	stackWeight          = 0.2
	// leastCoverage is the share of a plan's words below which nothing comes up; a single word says less than several, and has to be
	// more of the plan.
	leastCoverage        = 0.1
	leastCoverageOfAWord = 1. / 3
	// A single word that more than this many learnings have, and that tells less than this, is common and says nothing: ln 20 is what a
	// word tells that one learning of twenty has.
	fewLearnings = 3
	tellingWord  = 3.0
	// shownWords is how many of the words in common are named.
	shownWords = 5

	defaultSuggestions = 5
	maxSuggestions     = 20
)

// ReasonKind tells what a plan and a learning have in common.
type ReasonKind string

// What a plan and a learning can have in common.
const (
	SameWords          ReasonKind = "WORDS"
	SameProcess        ReasonKind = "PROCESS"
	SameConstraintType ReasonKind = "CONSTRAINT_TYPE"
	SameTag            ReasonKind = "TAG"
	SameStack          ReasonKind = "STACK"
)

// SuggestionReason is why a learning came up, in words.
type SuggestionReason struct {
	Kind ReasonKind
	Text string
}

// Plan is what learnings are looked for.
type Plan struct {
	// Experiment is the name of the experiment that is planned; what it taught itself is no news. Empty when there is none.
	Experiment string
	// Context is what the work of the planning team is like.
	Context Context
	// Says tells whether the plan has all words of a phrase, in whatever form. It is needed.
	Says func(phrase string) bool
}

// NearLearning is a published learning that has some of a plan's words.
type NearLearning struct {
	Learning *Learning
	// Words are those of the plan that the learning has, the rarest first; Coverage is their share of the plan, from 0 to 1, rare words
	// weighing more.
	Words    []string
	Coverage float64
	// Rarest is how many learnings have the rarest of these words, Weight how much it tells: ln(1 / share of the learnings that have it).
	Rarest int64
	Weight float64
	// Text is how well the words are matched by where and how often the learning has them, greater for better; comparable for one plan.
	Text float64
}

// Suggestion is a learning that is near to a plan.
type Suggestion struct {
	Learning *Learning
	Refuted  bool
	Reasons  []SuggestionReason
	// Score is greater for a nearer learning, from 0 to 2.
	Score float64
}

// Refuted tells whether a learning speaks against trying the same: the prediction of its experiment did not come true, or its claim is
// contested.
func (l *Learning) Refuted() bool {
	return l.Verdict == "NOT_AS_PREDICTED" || l.Grade.Level == Contested
}

// Suggest picks the learnings that are near to a plan, nearest first and by name when they are equally near. When any that is refuted is
// near, the nearest of them is among the picked. A size of 0 means 5; more than 20 is capped.
func Suggest(plan Plan, near []NearLearning, size int) []Suggestion {
	size = min(cmp.Or(max(size, 0), defaultSuggestions), maxSuggestions)
	best := 0.0
	for _, n := range near {
		best = max(best, n.Text)
	}
	all := make([]Suggestion, 0, len(near))
	seen := make(map[string]bool, len(near))
	for _, n := range near {
		if !seen[n.Learning.Name] && plan.concerns(n) {
			seen[n.Learning.Name] = true
			all = append(all, plan.suggestion(n, best))
		}
	}
	slices.SortFunc(all, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Learning.Name, b.Learning.Name))
	})
	refuted := slices.IndexFunc(all, func(s Suggestion) bool { return s.Refuted })
	if refuted >= size {
		all[size-1] = all[refuted]
	}
	return all[:min(size, len(all))]
}

// concerns tells whether a learning is near enough to come up.
func (p Plan) concerns(n NearLearning) bool {
	itself := p.Experiment != "" && n.Learning.Experiment == p.Experiment
	switch {
	case n.Learning.State != Published || itself || len(n.Words) == 0:
		return false
	case len(n.Words) == 1:
		return n.Coverage >= leastCoverageOfAWord && (n.Rarest <= fewLearnings || n.Weight >= tellingWord)
	}
	return n.Coverage >= leastCoverage
}

// suggestion says how near a learning is, and why; best is the greatest Text of all.
func (p Plan) suggestion(n NearLearning, best float64) Suggestion {
	s := Suggestion{Learning: n.Learning, Refuted: n.Learning.Refuted()}
	likeness := 0.0
	because := func(kind ReasonKind, weight float64, text string, values ...string) {
		if len(values) > 0 {
			likeness += weight
			s.Reasons = append(s.Reasons, SuggestionReason{Kind: kind, Text: text + ": " + quoted(strings.Join(values, ", ")) + "."})
		}
	}
	its := n.Learning.Context
	because(SameWords, 0, "It has words of the plan", n.Words[:min(len(n.Words), shownWords)]...)
	if its.Process != "" && (strings.EqualFold(its.Process, p.Context.Process) || p.Says(its.Process)) {
		because(SameProcess, processWeight, "It is about the same process", its.Process)
	}
	if its.ConstraintType != "" && its.ConstraintType == p.Context.ConstraintType {
		because(SameConstraintType, constraintTypeWeight, "The same type of constraint held the work back", its.ConstraintType)
	}
	because(SameTag, tagWeight, "The plan speaks of what it is tagged with", filter(n.Learning.Tags, p.Says)...)
	because(SameStack, stackWeight, "It was found with the same tools and techniques", filter(its.Stack, func(tool string) bool {
		return slices.Contains(p.Context.Stack, tool) || p.Says(tool)
	})...)
	nearness := n.Coverage
	if best > 0 {
		nearness *= (1 + n.Text/best) / 2
	}
	s.Score = nearness * (1 + likeness)
	return s
}

// filter returns the values that keep wants.
func filter(values []string, keep func(string) bool) []string {
	var kept []string
	for _, v := range values {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
