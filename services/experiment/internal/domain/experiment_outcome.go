package domain

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// minLearned is the length of the shortest learning, in characters: about a sentence.
const minLearned = 10

// hardlyExpected is the confidence up to which a prediction that comes true is a surprise, percent.
const hardlyExpected = 30

// Outcome is what came of an experiment.
type Outcome struct {
	Judgement
	// Window is what the team looked at: from the start of the experiment to what could have been taken by the conclusion when
	// nothing was chosen. It has no beginning when all results were taken before the start and entered after it, and is zero when
	// a journal was judged. What was stored before may have no end.
	Window Window `json:"window,omitzero"`
	// LeftOut is how many results lie outside the window.
	LeftOut int `json:"leftOut,omitempty"`
	// Late is what came after the day of the plan; nil when nothing did.
	Late *LateReadings `json:"late,omitempty"`
	// Warnings are what to know beside the verdict, in words.
	Warnings []string `json:"warnings,omitempty"`
	// AmendmentCount and DeviationCount are how often the locked plan was changed before and after results were seen. The
	// verdict is about the locked plan.
	AmendmentCount int       `json:"amendmentCount,omitempty"`
	DeviationCount int       `json:"deviationCount,omitempty"`
	Verdict        Verdict   `json:"verdict"`
	OverruleReason string    `json:"overruleReason,omitempty"`
	Happened       string    `json:"happened"`
	Learned        string    `json:"learned"`
	Surprise       bool      `json:"surprise"`
	ConcludeTime   time.Time `json:"concludeTime"`
}

// LateReadings are the readings of the window that were taken after the day by which something was predicted.
type LateReadings struct {
	// Actual is their mean, Readings how many there are.
	Actual   float64 `json:"actual"`
	Readings int     `json:"readings"`
	// Verdict is what they alone suggest.
	Verdict Verdict `json:"verdict"`
}

// Conclusion is what the team says at the end.
type Conclusion struct {
	// Window chooses among the results; the zero value takes all. It does not begin before the start.
	Window Window
	// Verdict is the team's; "" takes what the numbers suggest.
	Verdict Verdict
	// OverruleReason is needed when the team says otherwise than the numbers suggest, and dropped when it does not.
	OverruleReason string
	Happened       string
	Learned        string
}

// Judging is how the experiment is judged: by the frozen baseline of its metric that was in force at the start, or else by
// the readings before it and the method that the metric had at the lock. Who has seen the results cannot choose any more what
// they are judged by: a baseline that was decided after the start, from whenever it is in force, does not count. Before the
// lock, and for plans that were locked before their method was kept, the metric's own method counts. m may be nil.
func (e *Experiment) Judging(m *Metric, frozen []FrozenBaseline, now time.Time) Judging {
	if m == nil {
		return Judging{}
	}
	start := e.StartTime
	if start.IsZero() {
		start = now
	}
	how := Judging{Method: m.Method()}
	if e.Method != nil {
		how.Method = Method(*e.Method)
	}
	var decided []Baseline
	for _, b := range frozen {
		if e.StartTime.IsZero() || !b.DecideTime.After(e.StartTime) {
			decided = append(decided, b.Baseline)
		}
	}
	if b := InForce(decided, start); b != nil {
		how.Limits = &b.Limits
	}
	return how
}

// Conclude ends a running experiment: the numbers suggest a verdict, the team confirms or overrules it. readings are all
// the readings of the metric, of which those dated after now are left out; how says what its charts are computed by.
func (e *Experiment) Conclude(c Conclusion, readings []Reading, how Judging, now time.Time) ([]Event, error) {
	switch e.State {
	case Running:
	case Draft:
		return nil, e.refuse("EXPERIMENT_NOT_RUNNING", "The experiment has not started.")
	default:
		return nil, e.refuseEnded()
	}
	if w := c.Window; !w.From.IsZero() && !w.To.IsZero() && !w.From.Before(w.To) {
		return nil, fault.Invalid("window_end", "WINDOW_INVALID", "The window ends before it begins. Choose a windowEnd after windowStart.")
	}
	if e.judgedByJournal() {
		return e.concludeByJournal(c, now)
	}
	split := divide(takenBy(readings, now), e.StartTime, e.StartOrdinal)
	if len(split.after) == 0 {
		return nil, e.refuse("NO_MEASUREMENTS", "No reading of the metric that was taken by now has arrived since the start. Import what was measured, or abandon the experiment with a reason.").
			With("metric", e.Prediction.Metric)
	}
	window := c.Window
	if split.role != lateResults {
		if !window.From.IsZero() && window.From.Before(e.StartTime) {
			return nil, fault.Invalid("window_start", "WINDOW_BEFORE_START",
				"The experiment started at %s, and only what was taken since then is a result. Choose a windowStart from then on, or leave it out.", e.StartTime.UTC().Format(time.RFC3339Nano))
		}
		window.From = later(window.From, e.StartTime)
	}
	chosen := window.in(split.after)
	if len(chosen) == 0 {
		return nil, e.refuse("WINDOW_EMPTY", "No result was taken in this window. Choose another one, or leave it out to take all.").With("metric", e.Prediction.Metric)
	}
	// What is dated a little after now was taken by a clock that goes before ours, and counts.
	if until := later(now, chosen[len(chosen)-1].Time.Add(time.Microsecond)); window.To.IsZero() || window.To.After(until) {
		window.To = until
	}
	o := e.judge(split.before, chosen, how)
	o.Window, o.LeftOut, o.Warnings = window, len(split.after)-len(chosen), split.warnings(how.Limits != nil)
	return e.end(o, c, now)
}

// end lets the team speak last.
func (e *Experiment) end(o Outcome, c Conclusion, now time.Time) ([]Event, error) {
	o.OverruleReason, o.Happened, o.Learned = strings.TrimSpace(c.OverruleReason), strings.TrimSpace(c.Happened), strings.TrimSpace(c.Learned)
	o.AmendmentCount, o.DeviationCount, o.ConcludeTime = e.count(KindAmendment), e.count(KindDeviation), now
	if o.Verdict = c.Verdict; o.Verdict == "" {
		o.Verdict = o.Suggested
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Verdict == o.Suggested {
		o.OverruleReason = ""
	}
	o.Surprise = surprising(o.Verdict, e.Prediction.ConfidencePercent)
	e.State = Concluded
	e.Outcome = &o
	return []Event{EventConcluded}, nil
}

// judge compares the locked prediction with the readings before the start and with the results, of which there is one at
// least. The day of the prediction decides which results count:
//
//  1. Those that were taken up to the end of that day, in the team's zone, decide (see JudgeWith).
//  2. Later ones are judged by themselves and shown. When they alone are as predicted, and the readings in time had not
//     reached the expected value, it came too late: NOT_AS_PREDICTED.
//  3. When no reading is in time, the later ones decide. But if these are as predicted, nobody can say whether it was so
//     by the day: CANNOT_TELL.
//
// An experiment that is concluded before its day is judged by what there is.
func (e *Experiment) judge(before, results []Measurement, how Judging) Outcome {
	expected := e.Prediction.expectation()
	inTime, late := results, []Measurement(nil)
	if deadline, known := e.Prediction.deadline(e.zone()); known {
		inTime, late = Window{To: deadline}.in(results), Window{From: deadline}.in(results)
	}
	if len(late) == 0 {
		return Outcome{Judgement: JudgeWith(expected, before, inTime, how)}
	}
	after := JudgeWith(expected, before, late, how)
	o := Outcome{Judgement: after, Late: &LateReadings{Actual: after.Actual, Readings: after.Readings, Verdict: after.Suggested}}
	if len(inTime) == 0 {
		if o.Suggested == AsPredicted {
			o.Suggested = CannotTell
		}
		return o
	}
	o.Judgement = JudgeWith(expected, before, inTime, how)
	if after.Suggested == AsPredicted && !expected.met(o.Actual) {
		o.Suggested = NotAsPredicted
	}
	return o
}

// surprising tells whether a verdict is otherwise than the team thought: not as predicted, or as predicted although the team
// gave it a small chance.
func surprising(v Verdict, confidence int) bool {
	return v == NotAsPredicted || v == AsPredicted && confidence > 0 && confidence <= hardlyExpected
}

// check refuses an end without words.
func (o *Outcome) check() error {
	var v []fault.Violation
	if o.Happened == "" {
		v = append(v, fault.Violation{Field: "happened", Reason: "HAPPENED_MISSING", Description: "What happened?"})
	}
	if utf8.RuneCountInString(o.Learned) < minLearned {
		v = append(v, fault.Violation{Field: "learned", Reason: "LEARNED_MISSING", Description: "What did you learn? Write at least a sentence."})
	}
	if o.Verdict != o.Suggested && o.OverruleReason == "" {
		v = append(v, fault.Violation{
			Field: "overrule_reason", Reason: "OVERRULE_REASON_MISSING",
			Description: "The numbers suggest " + string(o.Suggested) + ". Why do you say " + string(o.Verdict) + "?",
		})
	}
	if len(v) == 0 {
		return nil
	}
	return (&fault.Error{Kind: fault.InvalidArgument, Reason: "CONCLUSION_INCOMPLETE", Message: "The conclusion is not complete.", Violations: v}).
		With("suggested_verdict", string(o.Suggested))
}
