package domain

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// minLearned is the length of the shortest learning, in characters: about a sentence.
const minLearned = 10

// holdWeeks are the weeks after a decision to adopt in which the gain is measured again.
var holdWeeks = [...]int{2, 6, 12}

// Draft prepares a new experiment. Name, DisplayName, TimeZone and whatever is known of the plan are given.
func (e *Experiment) Draft() ([]Event, error) {
	e.State = Draft
	e.trim()
	if err := e.checkShape(); err != nil {
		return nil, err
	}
	return []Event{EventDrafted}, nil
}

// Update lets change edit the plan of a draft. After the lock nothing but an amendment can. A change that changes nothing
// is no event.
func (e *Experiment) Update(change func(*Experiment)) ([]Event, error) {
	switch {
	case e.Locked():
		return nil, e.refuse("PLAN_LOCKED", "The plan is locked and never changes. Write down what is different with :amend.").
			With("remedy", "POST /v1/"+e.Name+":amend")
	case e.State != Draft:
		return nil, e.refuseEnded()
	}
	before := e.CanonicalPlan()
	change(e)
	e.trim()
	if err := e.checkShape(); err != nil {
		return nil, err
	}
	if e.CanonicalPlan() == before {
		return nil, nil
	}
	return []Event{EventUpdated}, nil
}

// Lock freezes the plan under its hash. Everything that is missing is asked for at once (PLAN_INCOMPLETE).
func (e *Experiment) Lock(known Known, now time.Time) ([]Event, error) {
	switch {
	case e.State != Draft:
		return nil, e.refuseNotDraft()
	case e.Locked():
		return nil, e.refuse("PLAN_LOCKED", "The plan is locked already.")
	}
	if v := e.missing(known, e.today(now)); len(v) > 0 {
		return nil, fault.Unmet("PLAN_INCOMPLETE", "Some questions about the plan are open.", v...)
	}
	e.Measured(known.Metric)
	e.LockTime = now
	e.PlanHash = e.planHash()
	return []Event{EventLocked}, nil
}

// Amend adds a change to a locked plan. arrived is how many measurements the metric has ever had: when some came after
// the start, results had been seen and the change is a deviation.
func (e *Experiment) Amend(text string, arrived int64, now time.Time) ([]Event, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, fault.Invalid("text", "TEXT_MISSING", "Say what changes, and why.")
	case e.Ended():
		return nil, e.refuseEnded()
	case !e.Locked():
		return nil, e.refuse("PLAN_NOT_LOCKED", "The plan is not locked yet: change it directly.")
	}
	a := Amendment{Kind: KindAmendment, Text: text, CreateTime: now}
	if e.State == Running && arrived > e.StartOrdinal {
		a.Kind = KindDeviation
		a.MeasurementsSeen = int(arrived - e.StartOrdinal)
	}
	e.Amendments = append(e.Amendments, a)
	return []Event{EventAmended}, nil
}

// Start begins a locked experiment. running is the name of the team's running experiment, or ""; arrived is how many
// measurements the metric has had so far.
func (e *Experiment) Start(running string, arrived int64, now time.Time) ([]Event, error) {
	switch {
	case e.State != Draft:
		return nil, e.refuseNotDraft()
	case !e.Locked():
		return nil, e.refuse("PLAN_NOT_LOCKED", "Lock the prediction before the experiment starts.")
	case running != "":
		return nil, fault.New(fault.FailedPrecondition, "EXPERIMENT_ALREADY_RUNNING",
			"The team runs %s already. Conclude or abandon it first.", running).
			With("experiment", e.Name).With("running", running)
	}
	e.State = Running
	e.StartTime = now
	e.StartOrdinal = arrived
	return []Event{EventStarted}, nil
}

// Conclusion is what the team says at the end.
type Conclusion struct {
	// Verdict is the team's; "" takes what the numbers suggest.
	Verdict Verdict
	// OverruleReason is needed when the team says otherwise than the numbers suggest, and dropped when it does not.
	OverruleReason string
	Happened       string
	Learned        string
}

// Conclude ends a running experiment: the numbers suggest a verdict, the team confirms or overrules it. readings are all
// the readings of the metric.
func (e *Experiment) Conclude(c Conclusion, readings []Reading, now time.Time) ([]Event, error) {
	switch e.State {
	case Running:
	case Draft:
		return nil, e.refuse("EXPERIMENT_NOT_RUNNING", "The experiment has not started.")
	default:
		return nil, e.refuseEnded()
	}
	before, after := divide(readings, e.StartTime, e.StartOrdinal)
	if len(after) == 0 {
		return nil, e.refuse("NO_MEASUREMENTS", "No reading of the metric has arrived since the start. Import what was measured, or abandon the experiment with a reason.").
			With("metric", e.Prediction.Metric)
	}
	o := Outcome{
		Judgement: Judge(e.Prediction, before, after), Verdict: c.Verdict,
		OverruleReason: strings.TrimSpace(c.OverruleReason), Happened: strings.TrimSpace(c.Happened),
		Learned: strings.TrimSpace(c.Learned), ConcludeTime: now,
	}
	if o.Verdict == "" {
		o.Verdict = o.Suggested
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Verdict == o.Suggested {
		o.OverruleReason = ""
	}
	o.Surprise = o.Verdict == NotAsPredicted
	e.State = Concluded
	e.Outcome = &o
	return []Event{EventConcluded}, nil
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

// Abandon ends an experiment that has not been concluded, for a reason.
func (e *Experiment) Abandon(reason string) ([]Event, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return nil, fault.Invalid("reason", "REASON_MISSING", "Say why it is abandoned.")
	case e.Ended():
		return nil, e.refuseEnded()
	}
	e.State = Abandoned
	e.AbandonReason = reason
	return []Event{EventAbandoned}, nil
}

// ScheduleHoldChecks schedules the re-measurements after the decision to adopt, 2, 6 and 12 weeks from its day in the
// team's zone. They are scheduled once: a repeated decision changes nothing.
func (e *Experiment) ScheduleHoldChecks(decided time.Time) ([]Event, error) {
	switch {
	case e.State != Concluded:
		return nil, e.refuse("EXPERIMENT_NOT_CONCLUDED", "Only what was concluded can be adopted.")
	case len(e.HoldChecks) > 0:
		return nil, nil
	}
	day := e.today(decided)
	for _, weeks := range holdWeeks {
		e.HoldChecks = append(e.HoldChecks, HoldCheck{DueDate: day.AddDate(0, 0, 7*weeks).Format(dayLayout), Weeks: weeks})
	}
	return []Event{EventHoldChecksScheduled}, nil
}

func (e *Experiment) refuseNotDraft() *fault.Error {
	if e.State == Running {
		return e.refuse("EXPERIMENT_RUNNING", "The experiment runs already.")
	}
	return e.refuseEnded()
}

// trim makes a text of nothing but spaces count as missing.
func (e *Experiment) trim() {
	for _, text := range []*string{&e.DisplayName, &e.SafeToFail, &e.Prediction.Change, &e.Prediction.Reason} {
		*text = strings.TrimSpace(*text)
	}
}
