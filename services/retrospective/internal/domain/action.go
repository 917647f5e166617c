package domain

import (
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// MaxActions is how many actions a retrospective agrees on at most, so that the few are done.
const MaxActions = 3

// MaxProposals is how many actions a retrospective proposes at most, those that were dropped included.
const MaxProposals = 20

// ActionState tells where an action stands.
type ActionState string

// The states of an action.
const (
	ActionStateProposed ActionState = "PROPOSED"
	ActionStateOpen     ActionState = "OPEN"
	ActionStateDone     ActionState = "DONE"
	ActionStateDropped  ActionState = "DROPPED"
)

// ActionEffect tells whether an action had the effect that was expected.
type ActionEffect string

// Action is what the team will do. DueDate is a day of the team's zone, `YYYY-MM-DD`. While it is proposed only the text is needed.
type Action struct {
	Name           string      `json:"name"`
	Text           string      `json:"text"`
	Owner          string      `json:"owner,omitempty"`
	DueDate        string      `json:"dueDate,omitempty"`
	ExpectedEffect string      `json:"expectedEffect,omitempty"`
	Metric         string      `json:"metric,omitempty"`
	Theme          string      `json:"theme,omitempty"`
	State          ActionState `json:"state"`
	// Agreed says that its retrospective closed with it: what was dropped before is no earlier action of the next one.
	Agreed bool `json:"agreed,omitempty"`
	// Effect is set by its completion only.
	Effect ActionEffect `json:"effect,omitempty"`
	// Result is what came of it: whether it worked, or why it was given up.
	Result string `json:"result,omitempty"`
	// Obstacle and Experiment are what was made of it.
	Obstacle   string `json:"obstacle,omitempty"`
	Experiment string `json:"experiment,omitempty"`
}

// ProposeAction proposes an action in a retrospective that is not closed; proposals is how many it has already.
func ProposeAction(action Action, r *Retrospective, proposals int) (*Action, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	if proposals >= MaxProposals {
		return nil, fault.New(fault.FailedPrecondition, "TOO_MANY_ACTIONS",
			"a retrospective proposes %d actions at most; change one of those that are there (PATCH)", MaxProposals)
	}
	action.State = ActionStateProposed
	return &action, action.check()
}

// Update changes what is said of an action that is proposed or open. An open one keeps everything that it was agreed on with: a new
// owner is one of members (users/{user}, the members and coaches of the team), a new due date is not before today, the team's day.
func (a *Action) Update(change func(*Action), today string, members []string) ([]Event, error) {
	if err := a.unended(); err != nil {
		return nil, err
	}
	before := *a
	change(a)
	if err := a.check(); err != nil {
		return nil, err
	}
	if *a == before {
		return nil, nil
	}
	if a.State == ActionStateOpen {
		if a.Owner == before.Owner {
			members = []string{a.Owner} // who has left the team since is told by others
		}
		if a.DueDate == before.DueDate {
			today = a.DueDate // what is late can be changed all the same
		}
		if unmet := a.unmet("action.", today, members); len(unmet) > 0 {
			return nil, fault.Unmet("ACTION_INCOMPLETE", "the team has agreed on the action; it keeps an owner, a due date and an expected effect", unmet...)
		}
	}
	return []Event{ActionChanged}, nil
}

// check refuses what cannot be an action in any state. The metric has to be the team's or the organisation's.
func (a *Action) check() error {
	if err := fault.InWords("action.text", "TEXT_MISSING", "say what will be done", &a.Text); err != nil {
		return err
	}
	a.ExpectedEffect = strings.TrimSpace(a.ExpectedEffect)
	// The year 0 has days for time.Parse, but no instants for those who remind of them.
	if day, err := time.Parse(time.DateOnly, a.DueDate); a.DueDate != "" && (err != nil || day.Year() < 1970) {
		return fault.Invalid("action.due_date", "DAY_INVALID", "%q is not a day of the calendar; send YYYY-MM-DD", a.DueDate)
	}
	if a.Metric != "" && !strings.HasPrefix(a.Metric, a.Team()+"/") && !strings.HasPrefix(a.Metric, "organization/") {
		return fault.Invalid("action.metric", "OTHER_TEAM", "this belongs to another team; it must lie under %s or organization", a.Team())
	}
	if a.Theme != "" && !strings.HasPrefix(a.Theme, a.Retrospective()+"/") {
		return a.ThemeNotFound()
	}
	return nil
}

// ThemeNotFound refuses the theme.
func (a *Action) ThemeNotFound() error {
	return fault.Invalid("action.theme", "THEME_NOT_FOUND", "%s is no theme of %s; list its themes", a.Theme, a.Retrospective())
}

// Agree makes a proposed action one that the team will do: its retrospective closes. One that is not proposed stays as it is.
func (a *Action) Agree() ([]Event, error) {
	if a.State != ActionStateProposed {
		return nil, nil
	}
	a.State, a.Agreed = ActionStateOpen, true
	return []Event{ActionAgreed}, nil
}

// Complete ends an open action and says whether it worked.
func (a *Action) Complete(effect ActionEffect, result string) ([]Event, error) {
	if err := a.unended(); err != nil {
		return nil, err
	}
	if a.State == ActionStateProposed {
		return nil, fault.New(fault.FailedPrecondition, "ACTION_NOT_AGREED",
			"the action is only proposed; close the retrospective first (:close), which agrees on it, or drop it (:drop)")
	}
	if err := fault.InWords("result", "RESULT_MISSING", "say what came of the action", &result); err != nil {
		return nil, err
	}
	a.State, a.Effect, a.Result = ActionStateDone, effect, result
	return []Event{ActionCompleted}, nil
}

// Drop gives up an action that is proposed or open, with a reason. It stays listed.
func (a *Action) Drop(reason string) ([]Event, error) {
	if err := a.unended(); err != nil {
		return nil, err
	}
	if err := fault.InWords("reason", "REASON_MISSING", "say why the action is given up", &reason); err != nil {
		return nil, err
	}
	a.State, a.Result = ActionStateDropped, reason
	return []Event{ActionDropped}, nil
}

// unended refuses what nothing can be done about any more.
func (a *Action) unended() error {
	switch a.State {
	case ActionStateDone:
		return fault.New(fault.FailedPrecondition, "ACTION_DONE", "the action was completed before; agree on a new one in the next retrospective")
	case ActionStateDropped:
		return fault.New(fault.FailedPrecondition, "ACTION_DROPPED", "the action was given up before; agree on a new one in the next retrospective")
	default:
		return nil
	}
}

// Team is the name of the team that the action is of.
func (a *Action) Team() string { return strings.Join(strings.SplitN(a.Name, "/", 3)[:2], "/") }

// Cycle is the name of the cycle whose retrospective the action is of.
func (a *Action) Cycle() string { return strings.TrimSuffix(a.Retrospective(), "/retrospective") }

// Retrospective is the name of the retrospective that the action is of.
func (a *Action) Retrospective() string { return strings.TrimSuffix(a.Name, "/actions/"+a.id()) }

// id is the last part of the name.
func (a *Action) id() string { return a.Name[strings.LastIndexByte(a.Name, '/')+1:] }
