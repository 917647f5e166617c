package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

// MaxActions is how many actions a retrospective agrees on at most, so that the few are done.
const MaxActions = 3

// ActionState tells where an action stands.
type ActionState string

// The states of an action.
const (
	ActionOpen ActionState = "OPEN"
	ActionDone ActionState = "DONE"
)

// Action is what the team agreed to do. DueDate is a day of the team's zone, `YYYY-MM-DD`.
type Action struct {
	Name           string      `json:"name"`
	Text           string      `json:"text"`
	Owner          string      `json:"owner"`
	DueDate        string      `json:"dueDate"`
	ExpectedEffect string      `json:"expectedEffect"`
	State          ActionState `json:"state"`
	Result         string      `json:"result,omitempty"`
}

// NewAction agrees on an action; agreed is how many the retrospective has already.
func NewAction(action Action, r *Retrospective, agreed int) (*Action, error) {
	if err := r.in(Decide); err != nil {
		return nil, err
	}
	if agreed >= MaxActions {
		return nil, fault.New(fault.FailedPrecondition, "TOO_MANY_ACTIONS", "a retrospective agrees on %d actions at most; choose", MaxActions)
	}
	action.State = ActionOpen
	return &action, nil
}

// Complete ends the action and says whether it worked.
func (a *Action) Complete(result string) ([]Event, error) {
	if a.State == ActionDone {
		return nil, fault.New(fault.FailedPrecondition, "ACTION_DONE", "the action was completed before")
	}
	a.State, a.Result = ActionDone, result
	return []Event{ActionCompleted}, nil
}
