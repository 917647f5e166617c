package domain

import (
	"fmt"
	"time"
)

// GradeLevel tells how well a claim is supported.
type GradeLevel string

// The levels of support.
const (
	Anecdote   GradeLevel = "ANECDOTE"
	Observed   GradeLevel = "OBSERVED"
	Replicated GradeLevel = "REPLICATED"
	Contested  GradeLevel = "CONTESTED"
)

// Grade is how well a claim is supported. It is computed from evidence and never set.
type Grade struct {
	Level GradeLevel `json:"level"`
	// Replications is the number of independent teams that found it again, beside the first one.
	Replications int `json:"replications,omitempty"`
	// Supporting and Opposing are numbers of teams; each counts once.
	Supporting  int    `json:"supporting,omitempty"`
	Opposing    int    `json:"opposing,omitempty"`
	Explanation string `json:"explanation,omitempty"`
	// Changed is since when the level is what it is.
	Changed time.Time `json:"changed,omitzero"`
}

// GradeOf computes how well a claim is supported, from all evidence that there is and from nothing else. The order of the evidence does
// not matter. Weigh says which evidence counts, and for which side: one piece for each team. With S teams that support the claim and O
// that oppose it, the grade is
//
//	ANECDOTE    when there are neither: nobody has tested it under a plan that was locked before
//	CONTESTED   when at least every third of them opposes it: O ≥ 1 and 3·O ≥ S + O
//	OBSERVED    when S = 1: one team found it
//	REPLICATED  when S ≥ 2, in k = S − 1 independent teams: the first team's is the observation, and only what others find replicates it
//
// Changed is not set: when a grade became what it is, the evidence does not say.
func GradeOf(evidence []Evidence) Grade {
	var g Grade
	for _, w := range Weigh(evidence) {
		switch {
		case !w.Counts:
		case w.Against:
			g.Opposing++
		default:
			g.Supporting++
		}
	}
	switch {
	case g.Supporting+g.Opposing == 0:
		g.Level = Anecdote
	case 3*g.Opposing >= g.Supporting+g.Opposing:
		g.Level = Contested
	case g.Supporting == 1:
		g.Level = Observed
	default:
		g.Level, g.Replications = Replicated, g.Supporting-1
	}
	g.Explanation = g.explain()
	return g
}

// Weight is what a piece of evidence contributes to a grade.
type Weight struct {
	Counts bool
	// Against says that it opposes the claim.
	Against bool
	// WhyNot is why it does not count, in words; empty when it does.
	WhyNot string
}

// Weigh tells of every piece of evidence what it contributes to the grade, in the order in which they are given:
//
//   - Only an experiment of this organisation counts whose plan was locked before it started, and that could tell.
//   - It supports the claim when it came out as the claim says, and opposes it when it did not. What worked at first and slipped
//     afterwards, by the last hold check that could tell, opposes it.
//   - A team counts once, by the last of these experiments that it concluded. Of two that were concluded at the same instant, the one
//     that opposes the claim counts, then the one whose name comes first.
func Weigh(evidence []Evidence) []Weight {
	weights := make([]Weight, len(evidence))
	decides := map[string]int{} // by team
	for i, e := range evidence {
		weights[i] = e.alone()
		if !weights[i].Counts {
			continue
		}
		if j, found := decides[e.Team]; !found || later(e, weights[i], evidence[j], weights[j]) {
			decides[e.Team] = i
		}
	}
	for i, e := range evidence {
		if weights[i].Counts && decides[e.Team] != i {
			weights[i] = Weight{WhyNot: "A team counts once, by what it found last: a later experiment of this team decides."}
		}
	}
	return weights
}

// alone is what a piece of evidence would contribute without the others.
func (e Evidence) alone() Weight {
	switch {
	case e.Team == "" || e.Experiment == "":
		return Weight{WhyNot: "It was found elsewhere. Here it has to be found again."}
	case !e.Locked:
		return Weight{WhyNot: "The plan was not locked before the experiment started."}
	case e.Result == DidNot, e.Result == Worked && e.HoldFinding == Slipped:
		return Weight{Counts: true, Against: true}
	case e.Result == Worked:
		return Weight{Counts: true}
	default:
		return Weight{WhyNot: "The experiment cannot tell."}
	}
}

// later tells whether a decides for its team, and not b.
func later(a Evidence, of Weight, b Evidence, than Weight) bool {
	switch {
	case !a.ConcludeTime.Equal(b.ConcludeTime):
		return a.ConcludeTime.After(b.ConcludeTime)
	case of.Against != than.Against:
		return of.Against
	default:
		return a.Name < b.Name
	}
}

func (g Grade) explain() string {
	switch g.Level {
	case Observed:
		return "One team found it in an experiment with a locked plan. No other team has found it again yet."
	case Replicated:
		text := fmt.Sprintf("%d teams found it in experiments with locked plans: the first, and %s independent of it.", g.Supporting, teams(g.Replications))
		if g.Opposing > 0 {
			text += fmt.Sprintf(" But %s found that it does not hold, or does not last.", teams(g.Opposing))
		}
		return text
	case Contested:
		if g.Supporting == 0 {
			return fmt.Sprintf("%s found in experiments with locked plans that it does not hold, or does not last; none found that it does.",
				teams(g.Opposing))
		}
		return fmt.Sprintf("%s found it in experiments with locked plans, and %s that it does not hold, or does not last.",
			teams(g.Supporting), teams(g.Opposing))
	default:
		return "No experiment whose plan was locked before it started can tell yet whether it holds."
	}
}

func teams(n int) string {
	if n == 1 {
		return "1 team"
	}
	return fmt.Sprintf("%d teams", n)
}

// Regrade takes over a computed grade, at the given time. The same level with the same numbers is no event.
func (l *Learning) Regrade(g Grade, now time.Time) []Event {
	before := l.Grade
	if before.Level == "" {
		before.Level = Anecdote // what nobody has graded yet is nothing else
	}
	if g.Level == before.Level && g.Supporting == before.Supporting && g.Opposing == before.Opposing {
		return nil
	}
	g.Changed = before.Changed
	if g.Level != before.Level {
		g.Changed = now
	}
	l.Grade = g
	if l.State == Draft {
		return []Event{LearningDrafted}
	}
	return []Event{LearningGradeChanged}
}
