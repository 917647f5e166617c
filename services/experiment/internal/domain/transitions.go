package domain

import (
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

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
	if v := e.gameDayQuestions(e.missing(known, e.today(now))); len(v) > 0 {
		return nil, fault.Unmet("PLAN_INCOMPLETE", "Some questions about the plan are open.", v...)
	}
	e.Measured(known.Metric)
	if known.Metric != nil { // a game day can do without
		method := LockedMethod(known.Metric.Method())
		e.Method = &method
	}
	e.LockTime = now
	e.PlanHash = e.planHash()
	return []Event{EventLocked}, nil
}

// Phase is where the cycle of an experiment stands, as far as it matters to a start.
type Phase string

// The phases.
const (
	PhasePlan Phase = "PLAN"
	PhaseDo   Phase = "DO"
)

// Starting is what a start has to know beyond the experiment itself.
type Starting struct {
	// Phase is that of the experiment's cycle.
	Phase Phase
	// Running are the names of the team's running experiments.
	Running []string
	// CoachReason is why there should be two, Coach whether a coach says so.
	CoachReason string
	Coach       bool
	// Arrived is how many measurements the metric has had so far.
	Arrived int64
}

// Start begins a locked experiment while its cycle is in DO. A team runs one experiment; with the reason of a coach, two.
func (e *Experiment) Start(s Starting, now time.Time) ([]Event, error) {
	switch {
	case e.State != Draft:
		return nil, e.refuseNotDraft()
	case !e.Locked():
		return nil, e.refuse("PLAN_NOT_LOCKED", "Lock the prediction before the experiment starts.")
	}
	if err := e.mayStart(s); err != nil {
		return nil, err
	}
	e.CoachReason = ""
	if len(s.Running) > 0 {
		e.CoachReason = strings.TrimSpace(s.CoachReason)
	}
	e.State = Running
	e.StartTime = now
	e.StartOrdinal = s.Arrived
	return []Event{EventStarted}, nil
}

// mayStart asks the cycle and the team's other experiments.
func (e *Experiment) mayStart(s Starting) error {
	switch {
	case s.Phase == PhasePlan:
		return e.refuse("CYCLE_NOT_IN_DO", "The cycle is still in PLAN. Bring it through its gate first, with :advance of the cycle.").
			With("phase", string(s.Phase)).With("remedy", "POST /v1/"+ParentOf(e.Name)+":advance")
	case s.Phase != PhaseDo:
		return e.refuse("CYCLE_NOT_IN_DO", "The cycle is past DO. Draft the experiment again in the team's next cycle.").With("phase", string(s.Phase))
	case len(s.Running) == 0:
		return nil
	case len(s.Running) > 1:
		return e.refuse("TWO_EXPERIMENTS_RUNNING", "The team runs "+strings.Join(s.Running, " and ")+" already, and there is never a third. Conclude or abandon one first.").
			With("running", strings.Join(s.Running, " "))
	case strings.TrimSpace(s.CoachReason) == "":
		return e.refuse("EXPERIMENT_ALREADY_RUNNING",
			"The team runs "+s.Running[0]+" already. Conclude or abandon it first, or let a coach start this one beside it with coachReason.").
			With("running", s.Running[0])
	case !s.Coach:
		return fault.New(fault.PermissionDenied, "COACH_NEEDED", "Only a coach of the team may let a second experiment run.").
			With("experiment", e.Name).With("running", s.Running[0])
	}
	return nil
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
	p := &e.Prediction
	for _, text := range []*string{&e.DisplayName, &e.SafeToFail, &p.Change, &p.Reason, &p.Falsification} {
		*text = strings.TrimSpace(*text)
	}
	e.GameDay.trim()
}
