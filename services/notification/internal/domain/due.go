package domain

import (
	"fmt"
	"time"
)

// Cycle is what the due points of a cycle depend on.
type Cycle struct {
	Name   string
	Ended  bool
	Phase  string // PLAN, DO, CHECK, ACT
	Phases []PhasePlan
}

// PhasePlan is a phase with its planned first day and the day of its gate.
type PhasePlan struct{ Phase, Start, Gate string }

var phaseOrder = map[string]int{"PLAN": 0, "DO": 1, "CHECK": 2, "ACT": 3}

// Due lists the due points of the cycle: its start, each gate, and the retrospective on the first day of ACT.
func (c Cycle) Due() []Due {
	var due []Due
	for i, phase := range c.Phases {
		if i == 0 {
			due = append(due, Due{
				Kind: CycleStart, Subject: c.Name, Day: phase.Start, Done: c.Ended || c.Phase != "PLAN",
				Text: "The cycle starts: grasp the current condition, choose one obstacle, lock a prediction.",
			})
		}
		due = append(due, Due{
			Kind: Gate, Part: phase.Phase, Subject: c.Name, Day: phase.Gate,
			Done: c.Ended || phaseOrder[c.Phase] > phaseOrder[phase.Phase],
			Text: fmt.Sprintf("The gate after %s is due; :preview tells what it still needs.", phase.Phase),
		})
		if phase.Phase == "ACT" {
			due = append(due, Due{
				Kind: Retrospective, Subject: c.Name, Day: phase.Start, Done: c.Ended,
				Text: "The retrospective is due: what helped, what held us back, what surprised us?",
			})
		}
	}
	return due
}

// RetrospectiveDone settles the due point of a cycle's retrospective.
func RetrospectiveDone(cycle string) Due { return Due{Kind: Retrospective, Subject: cycle, Done: true} }

// ExperimentDue is the due point of a running experiment: its outcome.
func ExperimentDue(name, displayName, byDate string, running bool) Due {
	return Due{
		Kind: Outcome, Subject: name, Day: byDate, Done: !running,
		Text: fmt.Sprintf("The outcome of %q is due: what happened, and what did you learn?", displayName),
	}
}

// HoldCheckDue is the due point of a re-measurement after a decision to adopt.
func HoldCheckDue(name, displayName, day string, weeks int32) Due {
	return Due{
		Kind: HoldCheck, Part: day, Subject: name, Day: day,
		Text: fmt.Sprintf("Does %q still hold after %d weeks? Measure again.", displayName, weeks),
	}
}

// ActionDue is the due point of an action.
func ActionDue(name, text, day string, done bool) Due {
	return Due{Kind: Action, Subject: name, Day: day, Done: done, Text: fmt.Sprintf("The action is due: %s", text)}
}

// AndonDue is the due point of an open andon: at once.
func AndonDue(name, problem string, raised time.Time, resolved bool) Due {
	return Due{Kind: Andon, Subject: name, At: raised, Done: resolved, Text: fmt.Sprintf("An andon waits for its countermeasure: %s", problem)}
}
