package domain

import (
	"cmp"
	"slices"
)

// steps is how far an experiment is, and worth how much it tells about a claim beside another experiment of the same team.
var (
	steps = map[AdoptionState]int{Drafting: 0, Drafted: 1, Running: 2, Abandoned: 3, Concluded: 3}
	worth = map[AdoptionState]int{Drafting: 0, Abandoned: 0, Drafted: 1, Running: 2, Concluded: 3}
)

// Follow moves the adoption on with an experiment of the team that tries the learning again. One experiment only moves forward: what is
// told late or again is no event. An abandoned one gives way to another that the team makes in its place, and a draft to one that runs.
// What was not adopted has no adoption to move.
func (o *Offer) Follow(s Standing) []Event {
	if o.Adoption == nil || steps[s.State] == 0 || !o.Adoption.givesWay(s) {
		return nil
	}
	o.Adoption = &Adoption{State: s.State, Experiment: s.Experiment}
	if s.State == Concluded {
		o.Adoption.Result, o.Adoption.ConcludeTime = resultOf(Replication, s.Verdict), s.ConcludeTime
	}
	return []Event{AdoptionMoved}
}

func (a *Adoption) givesWay(s Standing) bool {
	switch a.Experiment {
	case "":
		return true
	case s.Experiment:
		return steps[s.State] > steps[a.State]
	default:
		return worth[s.State] > worth[a.State]
	}
}

// ToDraft tells whether the experiment is still to be drafted.
func (o *Offer) ToDraft() bool { return o.Adoption != nil && o.Adoption.State == Drafting }

// Stuck says why the experiment could not be drafted yet. The same again, and what has been drafted meanwhile, is no event.
func (o *Offer) Stuck(problem string) []Event {
	if !o.ToDraft() || o.Adoption.Problem == problem {
		return nil
	}
	o.Adoption.Problem = problem
	return []Event{AdoptionMoved}
}

// CycleToDraftIn is a cycle of the adopting team that is planned or runs.
type CycleToDraftIn struct {
	Name string
	// Running is false while it waits for its start; PastDo says that nothing new is tried in it any more.
	Running, PastDo bool
}

// The problems that a team mends by its next cycle.
const (
	problemNoCycle = "The team has neither a drafted nor a running cycle. The experiment is drafted as soon as there is one."
	problemPastDo  = "The team's cycle is past DO, and nothing new is tried in it. The experiment is drafted as soon as the next cycle is there."
)

// ChooseCycle chooses where the experiment is drafted: in the cycle that the team wanted, else in the one that it plans, else in the one
// that runs, unless that is past DO. Without one it says what the problem is.
func (o *Offer) ChooseCycle(cycles []CycleToDraftIn) (name, problem string) {
	order := func(c CycleToDraftIn) int {
		switch {
		case c.Name == o.Cycle:
			return 0
		case !c.Running:
			return 1
		default:
			return 2
		}
	}
	open := slices.DeleteFunc(slices.Clone(cycles), func(c CycleToDraftIn) bool { return c.PastDo })
	switch {
	case len(cycles) == 0:
		return "", problemNoCycle
	case len(open) == 0:
		return "", problemPastDo
	}
	return slices.MinFunc(open, func(a, b CycleToDraftIn) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.Name, b.Name))
	}).Name, ""
}

// ExperimentID is the id of the experiment that is drafted for the offer, always the same: what was drafted before is found again.
func (o *Offer) ExperimentID() string { return "adoption-" + hashOf(o.Name, hiddenLen) }

// The longest texts of an experiment, in characters, as its contract has them.
const (
	maxExperimentName = 120
	maxPlanText       = 1000
)

// ExperimentDraft is the plan of an experiment that tries a learning again, as far as the learning says it.
type ExperimentDraft struct {
	DisplayName, Obstacle, Learning, Change, Reason string
}

// Draft is the experiment that tries the learning again, the claim as its prediction. Which metric moves how far is the team's to say.
func (o *Offer) Draft(l *Learning) ExperimentDraft {
	change := cmp.Or(Text(l.HowToTry), Text(l.Tried), Text(l.Claim))
	if o.Answer == Adapt {
		change = Text(o.AnswerText) + "\n\nAs it was learned: " + change
	}
	d := ExperimentDraft{
		DisplayName: cut(Line(l.Claim), maxExperimentName), Learning: l.Name,
		Change: cut(change, maxPlanText), Reason: cut(Text(l.Claim), maxPlanText),
	}
	for _, reason := range o.Reasons {
		if reason.Obstacle != "" && d.Obstacle == "" {
			d.Obstacle = reason.Obstacle
		}
	}
	return d
}
