package domain

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Journal is what is kept of the journal that the Chaos Toolkit writes of a run: names, statuses and times. Configuration,
// secrets, the arguments of providers and outputs are not read.
type Journal struct {
	// Status is the journal's word: one of journalStatuses, or another, which is kept and tells nothing.
	Status   string `json:"status"`
	Deviated bool   `json:"deviated,omitempty"`
	// DryRun tells that nothing was done to the system, or not all.
	DryRun  bool      `json:"dryRun,omitempty"`
	Version string    `json:"version,omitempty"`
	Start   time.Time `json:"start,omitzero"`
	End     time.Time `json:"end,omitzero"`
	// Seconds is how long it took; nil when the journal does not say.
	Seconds *float64 `json:"seconds,omitempty"`
	// Before and After are nil when the steady state was not looked at then.
	Before *SteadyStateResult `json:"before,omitempty"`
	After  *SteadyStateResult `json:"after,omitempty"`
	// During is how often it was looked at during the method, DuringUnmet how often it was not met.
	During      int               `json:"during,omitempty"`
	DuringUnmet int               `json:"duringUnmet,omitempty"`
	Activities  []JournalActivity `json:"activities,omitempty"`
	Rollbacks   []JournalActivity `json:"rollbacks,omitempty"`

	// Suggested is the verdict that follows, Reason why in words, Weakness whether the system left its steady state.
	Suggested Verdict `json:"suggested,omitempty"`
	Reason    string  `json:"reason,omitempty"`
	Weakness  bool    `json:"weakness,omitempty"`
	// ImportTime is when it was imported; BeforeLock tells that the run began before the prediction was locked; Replaced is how many
	// other journals it took the place of.
	ImportTime time.Time `json:"importTime,omitzero"`
	BeforeLock bool      `json:"beforeLock,omitempty"`
	Replaced   int       `json:"replaced,omitempty"`
}

// SteadyStateResult is how the steady state was found.
type SteadyStateResult struct {
	// Met is nil when the journal does not say.
	Met    *bool             `json:"met,omitempty"`
	Probes []JournalActivity `json:"probes,omitempty"`
}

// JournalActivity is one activity of a run.
type JournalActivity struct {
	Name string `json:"name,omitempty"`
	// Type is probe or action.
	Type   string `json:"type,omitempty"`
	Status string `json:"status,omitempty"`
	// Exception is the kind of exception that it ended with, without its text.
	Exception string    `json:"exception,omitempty"`
	Start     time.Time `json:"start,omitzero"`
	// Seconds is how long it took; nil when the journal does not say.
	Seconds *float64 `json:"seconds,omitempty"`
	// ToleranceMet is nil when the journal does not say.
	ToleranceMet *bool `json:"toleranceMet,omitempty"`
}

// The words of journals that mean something here.
const (
	journalCompleted   = "completed"
	journalFailed      = "failed"
	journalAborted     = "aborted"
	journalInterrupted = "interrupted"
	journalDeviated    = "deviated"
)

// journalStatuses are the known words for how a run ended. A version may have others.
var journalStatuses = []string{journalCompleted, journalFailed, journalAborted, journalInterrupted, journalDeviated}

// same tells whether two journals are about the same run, whatever became of them here.
func (j Journal) same(other Journal) bool {
	content := func(j Journal) string {
		j.Suggested, j.Reason, j.Weakness, j.ImportTime, j.BeforeLock, j.Replaced = "", "", false, time.Time{}, false, 0
		text, err := json.Marshal(j)
		if err != nil {
			return err.Error() // numbers are finite: ReadJournal has seen to it
		}
		return string(text)
	}
	return content(j) == content(other)
}

// suggest returns the verdict against what was expected of the system. The rule:
//
//  1. Nothing is told by a dry run, nor when no activity of the method ran.
//  2. The system broke when it deviated, when the steady state was not met after the method, or when the run failed because it
//     was not met during it. That is a weakness, whatever was predicted, and even when every action reported a failure, as long as
//     the steady state was met before: an action can fail after it has done its damage.
//  3. Nothing else is told by a run whose status is not known here: nobody knows whether it came to its end. Nor when every action
//     failed, for then there was no fault for the system to withstand, nor by an aborted or interrupted run.
//  4. The system held when the steady state was met after the method.
//  5. Whatever is left tells nothing.
func (j Journal) suggest(expected GameDayPrediction) (v Verdict, reason string, weakness bool) {
	switch {
	case j.DryRun:
		return CannotTell, "It was a dry run: nothing was done to the system.", false
	case len(j.Activities) > 0 && j.broke() && (j.metBefore() || !j.noFault()):
		return verdictOn(expected == Breaks), "The system left its steady state: a weakness was found.", true
	case !slices.Contains(journalStatuses, j.Status):
		return CannotTell, fmt.Sprintf("The status of the run is %q, which is not known here. Known are %s. Is this the journal of a run that has ended?",
			j.Status, strings.Join(journalStatuses, ", ")), false
	case len(j.Activities) == 0:
		return CannotTell, fmt.Sprintf("The run ended as %s before the method ran.", j.Status), false
	case j.noFault():
		return CannotTell, "Every action of the method failed, so there was no fault for the system to withstand.", false
	case j.Status == journalAborted || j.Status == journalInterrupted:
		return CannotTell, fmt.Sprintf("The run was %s, so it tells nothing about the steady state.", j.Status), false
	case j.After != nil && j.After.Met != nil:
		return verdictOn(expected == Holds), "The steady state was met after the method.", false
	}
	return CannotTell, "The journal does not say whether the steady state was met after the method.", false
}

func (j Journal) broke() bool {
	unmet := j.After != nil && j.After.Met != nil && !*j.After.Met
	return j.Deviated || j.Status == journalDeviated || unmet || j.Status == journalFailed && j.DuringUnmet > 0
}

func (j Journal) metBefore() bool { return j.Before != nil && j.Before.Met != nil && *j.Before.Met }

// noFault tells whether there were actions and all of them failed.
func (j Journal) noFault() bool {
	actions := 0
	for _, a := range j.Activities {
		if a.Type == "action" {
			if actions++; a.Status != journalFailed {
				return false
			}
		}
	}
	return actions > 0
}

func verdictOn(asPredicted bool) Verdict {
	if asPredicted {
		return AsPredicted
	}
	return NotAsPredicted
}
