package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// EventJournalImported tells that the journal of a game day was imported.
const EventJournalImported Event = "JournalImported"

// GameDay makes an experiment a game day: a fault is put into a system on purpose.
type GameDay struct {
	SteadyState    SteadyState       `json:"steadyState,omitzero"`
	Prediction     GameDayPrediction `json:"prediction,omitempty"`
	Method         string            `json:"method,omitempty"`
	BlastRadius    string            `json:"blastRadius,omitempty"`
	AbortCondition string            `json:"abortCondition,omitempty"`
	Rollback       string            `json:"rollback,omitempty"`
	// Journal is the recorded result, and no part of the plan.
	Journal *Journal `json:"journal,omitempty"`
}

// SteadyState tells that a system is well.
type SteadyState struct {
	Hypothesis string `json:"hypothesis,omitempty"`
	// Probe is the metric or the probe that tells: a resource name or words.
	Probe string `json:"probe,omitempty"`
	// Lower and Upper are the lowest and the highest value at which the system is well; nil is no bound.
	Lower *float64 `json:"lower,omitempty"`
	Upper *float64 `json:"upper,omitempty"`
}

// GameDayPrediction is what is expected of the system.
type GameDayPrediction string

// The predictions.
const (
	// Holds expects that the steady state is met after the method.
	Holds GameDayPrediction = "HOLDS"
	// Breaks expects that it is not.
	Breaks GameDayPrediction = "BREAKS"
)

// Sentence returns the prediction of a game day in words, or "" while a part of the sentence is missing or there is no game day.
func (g *GameDay) Sentence(p Prediction) string {
	if g == nil || g.Prediction == "" || p.Change == "" || p.Reason == "" || g.SteadyState.Hypothesis == "" {
		return ""
	}
	part := func(s string) string { return strings.TrimRight(s, ".!? ") } // each ends inside the sentence
	expected := map[GameDayPrediction]string{Holds: "still holds", Breaks: "no longer holds"}[g.Prediction]
	return fmt.Sprintf("If %s, then “%s” %s, because %s.", part(p.Change), part(g.SteadyState.Hypothesis), expected, part(p.Reason))
}

// canonical is the plan of the game day as it is hashed; see CanonicalPlan.
func (g *GameDay) canonical() string {
	s := g.SteadyState
	member := func(name, value string) string { return canonicalString(name) + ":" + value }
	steady := strings.Join([]string{
		member("hypothesis", canonicalString(s.Hypothesis)), member("lower", canonicalNumber(s.Lower)),
		member("probe", canonicalString(s.Probe)), member("upper", canonicalNumber(s.Upper)),
	}, ",")
	return "{" + strings.Join([]string{
		member("abortCondition", canonicalString(g.AbortCondition)), member("blastRadius", canonicalString(g.BlastRadius)),
		member("method", canonicalString(g.Method)), member("prediction", canonicalString(string(g.Prediction))),
		member("rollback", canonicalString(g.Rollback)), member("steadyState", "{"+steady+"}"),
	}, ",") + "}"
}

// trim makes a text of nothing but spaces count as missing.
func (g *GameDay) trim() {
	if g == nil {
		return
	}
	for _, text := range []*string{&g.SteadyState.Hypothesis, &g.SteadyState.Probe, &g.Method, &g.BlastRadius, &g.AbortCondition, &g.Rollback} {
		*text = strings.TrimSpace(*text)
	}
}

// checkShape refuses what can never be.
func (g *GameDay) checkShape() []fault.Violation {
	if g == nil {
		return nil
	}
	s := g.SteadyState
	v := append(checkNumber("experiment.game_day.steady_state.lower", s.Lower), checkNumber("experiment.game_day.steady_state.upper", s.Upper)...)
	if s.Lower != nil && s.Upper != nil && *s.Lower > *s.Upper {
		v = append(v, fault.Violation{
			Field: "experiment.game_day.steady_state.upper", Reason: "STEADY_STATE_INVERTED",
			Description: "The upper bound lies below the lower one. Between which values is the system well?",
		})
	}
	return v
}

// gameDayQuestions adds what a game day has to say before the lock to what its plan leaves open. A game day is told by its steady
// state, so it needs no metric that moves; when it names one all the same, it is asked about like any other.
func (e *Experiment) gameDayQuestions(open []fault.Violation) []fault.Violation {
	g := e.GameDay
	if g == nil {
		return open
	}
	q := questions(open)
	if e.Prediction.Metric == "" {
		q = slices.DeleteFunc(q, func(v fault.Violation) bool {
			return v.Reason == "METRIC_MISSING" || v.Reason == "BASELINE_VALUE_MISSING" || v.Reason == "EXPECTED_VALUE_MISSING"
		})
	}
	s := g.SteadyState
	q.unlessSaid(s.Hypothesis, "game_day.steady_state.hypothesis", "STEADY_STATE_MISSING", "What tells that the system is well?")
	q.unlessSaid(s.Probe, "game_day.steady_state.probe", "PROBE_MISSING", "Which metric or probe tells it?")
	if strings.Contains(s.Probe, "/metrics/") && s.Lower == nil && s.Upper == nil {
		q.ask("game_day.steady_state", "TOLERANCE_MISSING", "Between which values of the metric is the system well?")
	}
	q.unlessSaid(string(g.Prediction), "game_day.prediction", "GAME_DAY_PREDICTION_MISSING", "Do you expect that the system holds, or that it breaks?")
	q.unlessSaid(g.Method, "game_day.method", "METHOD_MISSING", "What will you do to the system?")
	q.unlessSaid(g.BlastRadius, "game_day.blast_radius", "BLAST_RADIUS_MISSING", "Whom and what can it reach at most?")
	q.unlessSaid(g.AbortCondition, "game_day.abort_condition", "ABORT_CONDITION_MISSING", "When do you stop at once?")
	q.unlessSaid(g.Rollback, "game_day.rollback", "ROLLBACK_MISSING", "How do you put everything back?")
	return q
}

// ImportJournal makes a journal the recorded result of a running game day. The same journal again changes nothing, whenever it
// comes. Another one takes its place while the game day runs, and how many were replaced is told: who runs until the result
// pleases shall be seen to.
func (e *Experiment) ImportJournal(j Journal, now time.Time) ([]Event, error) {
	if e.GameDay == nil {
		return nil, e.refuse("NOT_A_GAME_DAY", "Only a game day takes a journal. Draft an experiment with gameDay set, lock and start it.")
	}
	before := e.GameDay.Journal
	switch {
	case before != nil && before.same(j):
		return nil, nil
	case e.State == Draft:
		return nil, e.refuse("EXPERIMENT_NOT_RUNNING", "The game day has not started. Lock and start it before its journal is imported.")
	case e.Ended():
		return nil, e.refuseEnded()
	}
	j.Suggested, j.Reason, j.Weakness = j.suggest(e.GameDay.Prediction)
	j.ImportTime, j.BeforeLock, j.Replaced = now, !j.Start.IsZero() && j.Start.Before(e.LockTime), 0
	if before != nil {
		j.Replaced = before.Replaced + 1
	}
	e.GameDay.Journal = &j
	return []Event{EventJournalImported}, nil
}

// journalSeen tells whether a journal has told a result.
func (e *Experiment) journalSeen() bool { return e.GameDay != nil && e.GameDay.Journal != nil }

// judgedByJournal tells whether a journal and not the metric decides: when there is one, and when there is no metric.
func (e *Experiment) judgedByJournal() bool {
	return e.GameDay != nil && (e.GameDay.Journal != nil || e.Prediction.Metric == "")
}

// concludeByJournal ends a running game day by its journal. No reading of a metric is needed.
func (e *Experiment) concludeByJournal(c Conclusion, now time.Time) ([]Event, error) {
	if e.GameDay.Journal == nil {
		return nil, e.refuse("JOURNAL_MISSING", "The game day has no result. Import its journal with :importJournal, or abandon it with a reason.")
	}
	return e.end(Outcome{Judgement: Judgement{Suggested: e.GameDay.Journal.Suggested}}, c, now)
}
