package domain

import (
	"fmt"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Evidence is everything that the gates look at beside the cycle itself. The first part comes from this service's own
// tables, the second was asked of the other services before the transaction.
type Evidence struct {
	// Phase is the phase that the evidence was collected for.
	Phase            Phase
	ActiveChallenge  bool
	TargetCondition  *TargetCondition
	CurrentObstacles []string
	OpenAndons       []string
	// ValueStream is the one that the cycle's focus names; nil when it names none.
	ValueStream *ValueStream

	Experiments   []ExperimentFact
	Retrospective RetrospectiveFact
	// PublishedLearnings holds the experiments whose learning the knowledge base has published.
	PublishedLearnings map[string]bool
}

// ExperimentFact is what a gate needs to know of an experiment.
type ExperimentFact struct {
	Name       string
	Locked     bool
	Started    bool
	Running    bool
	Concluded  bool
	Abandoned  bool
	Outcome    bool
	Verdict    bool
	Learned    bool
	HoldChecks bool
}

// RetrospectiveFact is what a gate needs to know of the retrospective.
type RetrospectiveFact struct {
	Closed  bool
	Decided []string // experiments with a decision
	Adopted []string // experiments that are to be adopted
}

// Unmet lists every criterion of the gate that ends the cycle's phase and is not met, each with its stable reason and the
// link to where it is mended.
func (c *Cycle) Unmet(e Evidence) []fault.Violation {
	var unmet []fault.Violation
	need := func(met bool, field, reason, where, description string, args ...any) {
		if !met {
			unmet = append(unmet, fault.Violation{Field: field, Reason: reason, Description: fmt.Sprintf(description, args...), Link: linkTo(where)})
		}
	}
	switch c.Phase {
	case Plan:
		c.needPlan(e, need)
	case Do:
		c.needDone(e, need)
	case Check:
		needChecked(e, need)
	case Act:
		c.needActed(e, need)
	}
	return append(unmet, openAndons(e)...)
}

// openAndons are the criteria that a coach cannot pass over either: a known defect never goes downstream.
func openAndons(e Evidence) []fault.Violation {
	var open []fault.Violation
	for _, andon := range e.OpenAndons {
		open = append(open, fault.Violation{
			Field: "andons", Reason: "ANDON_OPEN", Link: linkTo(andon),
			Description: fmt.Sprintf("%s is open; resolve it with its countermeasure (:resolve)", andon),
		})
	}
	return open
}

// linkTo is the address of a resource, or of a collection, in the API.
func linkTo(name string) string { return "/v1/" + name }

// need notes a criterion that is not met. where is the resource or the collection in which it is mended.
type need func(met bool, field, reason, where, description string, args ...any)

// team is the name of the cycle's team.
func (c *Cycle) team() string {
	team, _, _ := strings.Cut(c.Name, "/cycles/")
	return team
}

func (c *Cycle) needPlan(e Evidence, need need) {
	need(e.ActiveChallenge, "challenge", "CHALLENGE_MISSING", c.team()+"/challenges", "the team has no active challenge; create one under /challenges")
	need(e.TargetCondition != nil && e.TargetCondition.State == TargetConditionActive, "target_condition", "TARGET_CONDITION_MISSING",
		c.team()+"/targetConditions", "the cycle has no active target condition; create one under /targetConditions and name it in the cycle")
	need(c.CurrentCondition != nil, "current_condition", "CURRENT_CONDITION_MISSING", c.Name,
		"the current condition with its baseline is missing; set current_condition")
	c.needFocus(e, need)
	need(len(e.CurrentObstacles) == 1, "obstacle", "CURRENT_OBSTACLE_MISSING", c.team()+"/obstacles",
		"exactly one obstacle is current, now there are %d; choose one with :makeCurrent", len(e.CurrentObstacles))
	locked := false
	for _, x := range e.Experiments {
		locked = locked || x.Locked && !x.Abandoned
	}
	need(locked, "experiments", "LOCKED_EXPERIMENT_MISSING", c.Name+"/experiments", "no experiment has a locked prediction; lock one with :lock")
}

func (c *Cycle) needFocus(e Evidence, need need) {
	need(c.ValueStreamFocus != nil && c.ValueStreamFocus.Step != "", "value_stream_focus.step", "VALUE_STREAM_STEP_MISSING", c.Name,
		"name the step of the value stream that the cycle works on; set value_stream_focus")
	if c.ValueStreamFocus == nil {
		return
	}
	offConstraint, where := "the step is not the constraint; say why the cycle works on it", c.Name
	if v := e.ValueStream; v != nil {
		_, found := v.Step(c.ValueStreamFocus.Step)
		need(found, "value_stream_focus.step", "VALUE_STREAM_STEP_MISSING", c.Name,
			"%s has no step %q any more; name one of its steps in value_stream_focus", v.Name, c.ValueStreamFocus.Step)
		if v.Constraint == nil {
			offConstraint = "the constraint of the value stream is not confirmed; confirm it with :confirmConstraint, or say why the cycle works on this step"
			where = v.Name
		}
	}
	need(c.ValueStreamFocus.Constraint || c.ValueStreamFocus.Reason != "", "value_stream_focus.reason", "OFF_CONSTRAINT_REASON_MISSING",
		where, "%s", offConstraint)
}

func (c *Cycle) needDone(e Evidence, need need) {
	started := false
	for _, x := range e.Experiments {
		started = started || x.Started
		need(!x.Running, "experiments", stillRunning, x.Name, stillRunningText, x.Name)
	}
	need(started, "experiments", "STARTED_EXPERIMENT_MISSING", c.Name+"/experiments", "no experiment was started; start one with :start")
}

const (
	stillRunning     = "EXPERIMENT_STILL_RUNNING"
	stillRunningText = "%s is still running; conclude or abandon it"
)

// experimentsStillRunning refuses to end a cycle under its running experiments.
func experimentsStillRunning(running []string) error {
	violations := make([]fault.Violation, 0, len(running))
	for _, name := range running {
		violations = append(violations, fault.Violation{
			Field: "experiments", Reason: stillRunning, Description: fmt.Sprintf(stillRunningText, name), Link: linkTo(name),
		})
	}
	return fault.Unmet(stillRunning, "experiments of the cycle are still running; conclude or abandon them first", violations...)
}

func needChecked(e Evidence, need need) {
	for _, x := range e.Experiments {
		need(x.Concluded || x.Abandoned, "experiments", "EXPERIMENT_NOT_ENDED", x.Name, "%s is neither concluded nor abandoned", x.Name)
		need(!x.Concluded || x.Outcome, "experiments", "OUTCOME_MISSING", x.Name, "%s has no outcome", x.Name)
		need(!x.Concluded || x.Verdict, "experiments", "VERDICT_MISSING", x.Name, "%s has no verdict", x.Name)
		need(!x.Concluded || x.Learned, "experiments", "LEARNING_MISSING", x.Name, "%s says nothing about what was learned", x.Name)
	}
}

func (c *Cycle) needActed(e Evidence, need need) {
	retrospective := c.Name + "/retrospective"
	need(e.Retrospective.Closed, "retrospective", "RETROSPECTIVE_NOT_CLOSED", retrospective,
		"the retrospective of the cycle is not closed; close it with :close")
	holdChecks, tried := map[string]bool{}, false
	for _, x := range e.Experiments {
		holdChecks[x.Name] = x.HoldChecks
		tried = tried || x.Concluded
	}
	need(len(e.Retrospective.Decided) > 0 || !tried, "retrospective.decisions", "DECISION_MISSING", retrospective,
		"no decision was made; decide with :decide")
	for _, adopted := range e.Retrospective.Adopted {
		need(e.PublishedLearnings[adopted], "learnings", "LEARNING_NOT_PUBLISHED", "learnings?cycle="+c.Name,
			"%s is adopted, but its learning is not published yet", adopted)
		need(holdChecks[adopted], "experiments", "HOLD_CHECKS_NOT_SCHEDULED", adopted, "%s is adopted, but its hold checks are not scheduled yet", adopted)
	}
}

func notMet(criteria int) string {
	if criteria == 1 {
		return "1 criterion is not met"
	}
	return fmt.Sprintf("%d criteria are not met", criteria)
}

// Advance moves the cycle through its next gate. believed is the phase that the caller takes the cycle to be in; empty
// when an etag vouches for it. A coach may pass over unmet criteria with a reason, which is kept for ever; over an open andon
// nobody passes.
func (c *Cycle) Advance(e Evidence, believed Phase, coachReason string, coach bool, now time.Time) ([]Event, error) {
	if err := c.running(); err != nil {
		return nil, err
	}
	if believed == "" {
		believed = e.Phase
	}
	if believed != c.Phase || e.Phase != c.Phase {
		return nil, fault.New(fault.Aborted, "PHASE_MISMATCH", "the cycle is in %s, not in %s; look at it again", c.Phase, believed).
			With("phase", string(c.Phase))
	}
	coachReason = strings.TrimSpace(coachReason)
	pass := GatePass{Phase: c.Phase, Time: now}
	if unmet := c.Unmet(e); len(unmet) > 0 {
		if coachReason != "" && !coach {
			return nil, fault.New(fault.PermissionDenied, "COACH_NEEDED", "only a coach of the team may pass a gate with a reason")
		}
		if open := openAndons(e); coachReason != "" && len(open) > 0 {
			return nil, fault.Unmet("GATE_CRITERIA_UNMET", "an open andon keeps the gate shut for a coach as well; write its countermeasure first", open...)
		}
		if coachReason == "" {
			return nil, fault.Unmet("GATE_CRITERIA_UNMET", fmt.Sprintf("the gate after %s stays shut: %s", c.Phase, notMet(len(unmet))), unmet...)
		}
		pass.CoachReason = coachReason
		for _, criterion := range unmet {
			pass.Unmet = append(pass.Unmet, criterion.Reason)
		}
	}
	c.GatePasses = append(c.GatePasses, pass)
	if c.Phase == Act {
		c.State = CycleDone
		return []Event{CycleFinished}, nil
	}
	c.Phase = c.Phase.next()
	return []Event{CycleAdvanced}, nil
}
