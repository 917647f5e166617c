// Package domain holds the rules of retrospectives: stages, notes, actions, decisions and what is needed to close.
package domain

import (
	"fmt"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Stage is a stage of a retrospective.
type Stage string

// The stages in their order.
const (
	Collect Stage = "COLLECT"
	Group   Stage = "GROUP"
	Vote    Stage = "VOTE"
	Decide  Stage = "DECIDE"
	Closed  Stage = "CLOSED"
)

// DecisionKind is what ACT does with what was tried.
type DecisionKind string

// The kinds of decisions.
const (
	Adopt   DecisionKind = "ADOPT"
	Adapt   DecisionKind = "ADAPT"
	Abandon DecisionKind = "ABANDON"
)

// Retrospective is the retrospective of one cycle.
type Retrospective struct {
	Name              string              `json:"name"`
	Stage             Stage               `json:"stage"`
	Anonymous         bool                `json:"anonymous,omitempty"`
	Facts             []Fact              `json:"facts,omitempty"`
	Decisions         []Decision          `json:"decisions,omitempty"`
	Learnings         []DistilledLearning `json:"learnings,omitempty"`
	BoldestExperiment string              `json:"boldestExperiment,omitempty"`
	CloseTime         *time.Time          `json:"closeTime,omitempty"`
}

// Fact is one experiment of the cycle as it stood when the retrospective opened. Verdict is empty when there is none.
type Fact struct {
	Experiment string `json:"experiment"`
	Expected   string `json:"expected"`
	Happened   string `json:"happened"`
	Verdict    string `json:"verdict,omitempty"`
}

// Decision is what becomes of an experiment that was tried.
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
}

// CycleFact is what this service needs to know of the cycle.
type CycleFact struct {
	Running bool
	Phase   string // PLAN, DO, CHECK, ACT
}

// Open starts the retrospective of a cycle that is in its ACT phase, with the facts frozen at that moment.
func Open(name string, anonymous bool, cycle CycleFact, facts []Fact) (*Retrospective, error) {
	if !cycle.Running || cycle.Phase != "ACT" {
		return nil, fault.New(fault.FailedPrecondition, "CYCLE_NOT_IN_ACT",
			"a retrospective is opened in the ACT phase of a running cycle; advance the cycle first (:advance)").With("phase", cycle.Phase)
	}
	return &Retrospective{Name: name, Stage: Collect, Anonymous: anonymous, Facts: facts}, nil
}

// Move goes to another stage before CLOSED, forward or back; nothing is lost by going back.
func (r *Retrospective) Move(to Stage) ([]Event, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	if r.Stage == to {
		return nil, nil
	}
	r.Stage = to
	return []Event{RetrospectiveMoved}, nil
}

// Decide says what becomes of an experiment that was concluded in the cycle. A decision on the same experiment is replaced.
func (r *Retrospective) Decide(decision Decision) ([]Event, error) {
	if err := r.in(Decide); err != nil {
		return nil, err
	}
	if !r.tried(decision.Experiment) {
		return nil, fault.Invalid("decision.experiment", "EXPERIMENT_NOT_TRIED", "%s was not concluded in this cycle", decision.Experiment)
	}
	r.Decisions = slices.DeleteFunc(r.Decisions, func(d Decision) bool { return d.Experiment == decision.Experiment })
	r.Decisions = append(r.Decisions, decision)
	return []Event{RetrospectiveDecided}, nil
}

// Close ends the retrospective with its learnings. It needs a decision on every experiment that was concluded, and a
// learning; for each experiment to be adopted a learning of its own. Everything missing is answered at once.
func (r *Retrospective) Close(learnings []DistilledLearning, boldest string, now time.Time) ([]Event, error) {
	if err := r.in(Decide); err != nil {
		return nil, err
	}
	if unmet := r.unmet(learnings, boldest); len(unmet) > 0 {
		return nil, fault.Unmet("RETROSPECTIVE_INCOMPLETE", fmt.Sprintf("the retrospective cannot be closed: %d things are missing", len(unmet)), unmet...)
	}
	r.Stage, r.Learnings, r.BoldestExperiment, r.CloseTime = Closed, learnings, boldest, &now
	return []Event{RetrospectiveClosed}, nil
}

func (r *Retrospective) unmet(learnings []DistilledLearning, boldest string) []fault.Violation {
	var unmet []fault.Violation
	need := func(met bool, field, reason, description string, args ...any) {
		if !met {
			unmet = append(unmet, fault.Violation{Field: field, Reason: reason, Description: fmt.Sprintf(description, args...)})
		}
	}
	learned := map[string]bool{}
	for i, learning := range learnings {
		need(r.known(learning.Experiment), fmt.Sprintf("learnings[%d].experiment", i), "EXPERIMENT_NOT_IN_CYCLE",
			"%s is no experiment of this cycle", learning.Experiment)
		need(!learned[learning.Experiment], fmt.Sprintf("learnings[%d].experiment", i), "LEARNING_TWICE",
			"%s has a learning already; join the two", learning.Experiment)
		learned[learning.Experiment] = true
	}
	need(len(learnings) > 0, "learnings", "LEARNING_MISSING", "write at least one learning")
	for _, fact := range r.Facts {
		need(fact.Verdict == "" || r.decision(fact.Experiment) != "", "decisions", "DECISION_MISSING",
			"decide what becomes of %s (:decide)", fact.Experiment)
		need(r.decision(fact.Experiment) != Adopt || learned[fact.Experiment], "learnings", "ADOPTED_LEARNING_MISSING",
			"%s is to be adopted; write what was learned from it", fact.Experiment)
	}
	need(boldest == "" || r.known(boldest), "boldest_experiment", "EXPERIMENT_NOT_IN_CYCLE", "%s is no experiment of this cycle", boldest)
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

func (r *Retrospective) known(experiment string) bool {
	return slices.ContainsFunc(r.Facts, func(f Fact) bool { return f.Experiment == experiment })
}

func (r *Retrospective) tried(experiment string) bool {
	return slices.ContainsFunc(r.Facts, func(f Fact) bool { return f.Experiment == experiment && f.Verdict != "" })
}

func (r *Retrospective) open() error {
	if r.Stage == Closed {
		return fault.New(fault.FailedPrecondition, "RETROSPECTIVE_CLOSED", "the retrospective is closed; nothing in it is rewritten")
	}
	return nil
}

func (r *Retrospective) in(stage Stage) error {
	if err := r.open(); err != nil {
		return err
	}
	if r.Stage != stage {
		return fault.New(fault.FailedPrecondition, "STAGE_MISMATCH", "this belongs to the stage %s, the retrospective is in %s; move it first (:move)", stage, r.Stage).
			With("stage", string(r.Stage))
	}
	return nil
}
