package domain

import (
	"fmt"
	"strings"
)

const (
	// maxActivities is how many activities a list of a journal may have.
	maxActivities = 1000
	// maxJournalProblems is how many problems of a journal are told at once.
	maxJournalProblems = 20
	// maxJournalWord and maxJournalName are the lengths of statuses and of names, in characters. Longer names are cut.
	maxJournalWord = 64
	maxJournalName = 200
)

// ReadJournal reads a journal of the Chaos Toolkit, a JSON object as encoding/json decodes it. It takes every version's: what older
// ones do not have (deviated, the steady state during the method, its summary) may be missing or null, statuses are any
// words, and what is not known is passed over. What cannot be read is refused with its place, such as
// journal.run[2].status (JOURNAL_INVALID). Sources: the journal and hypothesis of chaostoolkit-lib, chaoslib/run.py and
// chaoslib/hypothesis.py, and its change log.
func ReadJournal(object map[string]any) (Journal, error) {
	var r journalReader
	j := Journal{
		Status: r.word(object, "journal", "status"), Deviated: r.flag(object, "journal", "deviated") == yes,
		Version: cut(r.text(object, "journal", "chaoslib-version"), maxJournalWord),
		Start:   r.instant(object, "journal", "start"), End: r.instant(object, "journal", "end"), Seconds: r.seconds(object, "journal", "duration"),
		Activities: r.activities(object, "journal", "run"), Rollbacks: r.activities(object, "journal", "rollbacks"),
	}
	j.DryRun = dry(r.object(object, "journal", "experiment")["dry"])
	states := r.object(object, "journal", "steady_states")
	j.Before, j.After = r.steadyState(states, "journal.steady_states", "before"), r.steadyState(states, "journal.steady_states", "after")
	for i, state := range r.list(states, "journal.steady_states", "during") {
		j.During++
		if s := r.oneSteadyState(state, fmt.Sprintf("journal.steady_states.during[%d]", i)); s != nil && s.Met != nil && !*s.Met {
			j.DuringUnmet++
		}
	}
	if said, text := object["status"].(string); object["status"] == nil || text && strings.TrimSpace(said) == "" { // another kind was refused
		r.refuse("journal.status", "There is no status. Is this the journal of a run that has ended, as `chaos run` writes it?")
	}
	if object["run"] == nil && object["steady_states"] == nil {
		r.refuse("journal.run", "There is neither run nor steady_states, so this is no journal.")
	}
	if !j.Start.IsZero() && !j.End.IsZero() && j.End.Before(j.Start) {
		r.refuse("journal.end", "The run ends before it starts.")
	}
	return j, invalid("JOURNAL_INVALID", "The journal cannot be read.", r.problems)
}

func (r *journalReader) steadyState(o map[string]any, place, key string) *SteadyStateResult {
	return r.oneSteadyState(o[key], place+"."+key)
}

// oneSteadyState reads what was found of the steady state; nil when it was not looked at. When the summary is missing, as with a
// version that did not write it, the probes tell. When it is null, the run was cut off: then a probe outside of its
// tolerance still tells, and probes inside do not.
func (r *journalReader) oneSteadyState(given any, place string) *SteadyStateResult {
	o, ok := given.(map[string]any)
	if !ok {
		if given != nil {
			r.refuse(place, "This must be an object or null.")
		}
		return nil
	}
	met := r.flag(o, place, "steady_state_met")
	s := SteadyStateResult{Met: met.value(), Probes: r.activities(o, place, "probes")}
	inside := 0
	for _, p := range s.Probes {
		switch {
		case p.ToleranceMet == nil:
		case *p.ToleranceMet:
			inside++
		case s.Met == nil:
			s.Met = p.ToleranceMet
		}
	}
	if s.Met == nil && met == unsaid && inside > 0 && inside == len(s.Probes) {
		s.Met = yes.value()
	}
	return &s
}

func (r *journalReader) activities(o map[string]any, place, key string) []JournalActivity {
	var list []JournalActivity
	for i, item := range r.list(o, place, key) {
		at := fmt.Sprintf("%s.%s[%d]", place, key, i)
		a, ok := item.(map[string]any)
		if !ok {
			if item != nil { // an activity that was cut off
				r.refuse(at, "This must be an object.")
			}
			continue
		}
		plan := r.object(a, at, "activity")
		name := r.text(plan, at+".activity", "name")
		if name == "" {
			name = r.text(plan, at+".activity", "ref")
		}
		list = append(list, JournalActivity{
			Name: cut(name, maxJournalName), Type: r.word(plan, at+".activity", "type"), Status: r.word(a, at, "status"), Exception: exceptionOf(a["exception"]),
			Start: r.instant(a, at, "start"), Seconds: r.seconds(a, at, "duration"), ToleranceMet: r.flag(a, at, "tolerance_met").value(),
		})
	}
	return list
}
