package domain

import (
	"fmt"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// DecisionKind is what ACT does with what was tried.
type DecisionKind string

// The kinds of decisions.
const (
	Adopt   DecisionKind = "ADOPT"
	Adapt   DecisionKind = "ADAPT"
	Abandon DecisionKind = "ABANDON"
)

// question is what the text of a decision of the kind answers.
func (k DecisionKind) question() string {
	switch k {
	case Adopt:
		return "write down the standard work: what everybody does from now on"
	case Adapt:
		return "say what comes next: what is tried in which other way"
	default:
		return "say why it is given up"
	}
}

// Decision is what becomes of an experiment that was tried. Text answers the question of its kind.
type Decision struct {
	Experiment string       `json:"experiment"`
	Kind       DecisionKind `json:"kind"`
	Text       string       `json:"text"`
}

// DistilledLearning is a learning as it leaves for the knowledge base.
type DistilledLearning struct {
	Experiment string   `json:"experiment"`
	Claim      string   `json:"claim"`
	Situation  string   `json:"situation,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	// MayNotHold is where it may not hold, HowToTry how another team can try it.
	MayNotHold string `json:"mayNotHold,omitempty"`
	HowToTry   string `json:"howToTry,omitempty"`
}

// Decide says what becomes of an experiment that was concluded in the cycle. A decision on the same experiment is replaced.
func (r *Retrospective) Decide(decision Decision) ([]Event, error) {
	if err := r.within(Decide); err != nil {
		return nil, err
	}
	if !slices.Contains(r.FactsStrip.tried(), decision.Experiment) {
		return nil, fault.Invalid("decision.experiment", "EXPERIMENT_NOT_TRIED",
			"%s was not concluded in this cycle when the facts were fetched; if it was since, fetch them again (:refetch)", decision.Experiment)
	}
	if err := fault.InWords("decision.text", "TEXT_MISSING", decision.Kind.question(), &decision.Text); err != nil {
		return nil, err
	}
	if slices.Contains(r.Decisions, decision) {
		return nil, nil
	}
	r.Decisions = slices.DeleteFunc(slices.Clone(r.Decisions), func(d Decision) bool { return d.Experiment == decision.Experiment })
	r.Decisions = append(r.Decisions, decision)
	return []Event{RetrospectiveDecided}, nil
}

// Closing is what a retrospective ends with, and what it is judged by.
type Closing struct {
	Learnings []DistilledLearning
	Boldest   string
	// Actions are those of the retrospective in every state. Today is the team's day, Members its members and coaches.
	Actions []*Action
	Today   string
	Members []string
}

// Close ends the retrospective. It needs a decision on every experiment that was concluded; a learning when one was, and for each
// experiment to be adopted one of its own; what UnmetActions asks for; and, when more than one experiment was tried, the boldest. Everything missing is
// answered at once, as RETROSPECTIVE_INCOMPLETE. The actions are agreed on by the caller, in the same transaction.
func (r *Retrospective) Close(c Closing, now time.Time) ([]Event, error) {
	if err := r.within(Decide); err != nil {
		return nil, err
	}
	tried := r.FactsStrip.tried()
	if c.Boldest == "" && len(tried) == 1 {
		c.Boldest = tried[0]
	}
	if unmet := append(r.unmet(c, tried), UnmetActions(c.Actions, c.Today, c.Members)...); len(unmet) > 0 {
		return nil, fault.Unmet("RETROSPECTIVE_INCOMPLETE", fmt.Sprintf("the retrospective cannot be closed yet: %s", missing(len(unmet))), unmet...)
	}
	r.Stage, r.StageEndTime, r.Learnings, r.BoldestExperiment, r.CloseTime = Closed, nil, c.Learnings, c.Boldest, &now
	return []Event{RetrospectiveClosed}, nil
}

func (r *Retrospective) unmet(c Closing, tried []string) []fault.Violation {
	var unmet []fault.Violation
	need := func(met bool, field, reason, description string, args ...any) {
		if !met {
			unmet = append(unmet, fault.Violation{Field: field, Reason: reason, Description: fmt.Sprintf(description, args...)})
		}
	}
	learned := map[string]bool{}
	for i, learning := range c.Learnings {
		known := r.FactsStrip.knows(learning.Experiment)
		need(known, fmt.Sprintf("learnings[%d].experiment", i), "EXPERIMENT_NOT_IN_CYCLE", "%s is no experiment of this cycle", learning.Experiment)
		need(!known || r.FactsStrip.ended(learning.Experiment), fmt.Sprintf("learnings[%d].experiment", i), "EXPERIMENT_NOT_TRIED",
			"%s had not ended when the facts were fetched, so it is no evidence yet; if it has since, fetch them again (:refetch)", learning.Experiment)
		need(!learned[learning.Experiment], fmt.Sprintf("learnings[%d].experiment", i), "LEARNING_TWICE",
			"%s has a learning already; join the two", learning.Experiment)
		learned[learning.Experiment] = true
	}
	need(len(c.Learnings) > 0 || len(tried) == 0, "learnings", "LEARNING_MISSING", "write at least one learning: the experiment that taught it, and what it claims")
	for _, experiment := range tried {
		kind := r.decision(experiment)
		need(kind != "", "decisions", "DECISION_MISSING",
			"decide what becomes of %s (:decide): adopt it with its standard work, adapt it with what comes next, or abandon it with the reason", experiment)
		need(kind != Adopt || learned[experiment], "learnings", "ADOPTED_LEARNING_MISSING",
			"%s is to be adopted; write what was learned from it", experiment)
	}
	need(c.Boldest != "" || len(tried) < 2, "boldest_experiment", "BOLDEST_MISSING",
		"name the boldest of the %d experiments that were tried, whatever came of it", len(tried))
	need(c.Boldest == "" || r.FactsStrip.knows(c.Boldest), "boldest_experiment", "EXPERIMENT_NOT_IN_CYCLE", "%s is no experiment of this cycle", c.Boldest)
	return unmet
}

func (r *Retrospective) decision(experiment string) DecisionKind {
	for _, decision := range r.Decisions {
		if decision.Experiment == experiment {
			return decision.Kind
		}
	}
	return ""
}

func missing(things int) string {
	if things == 1 {
		return "1 thing is missing or wrong"
	}
	return fmt.Sprintf("%d things are missing or wrong", things)
}
