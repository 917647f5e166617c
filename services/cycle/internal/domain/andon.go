package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

// AndonState tells where an andon stands.
type AndonState string

// The states of an andon.
const (
	AndonOpen     AndonState = "OPEN"
	AndonResolved AndonState = "RESOLVED"
)

// Andon is a raised problem that stops the cycle at its next gate.
type Andon struct {
	Name           string     `json:"name"`
	Problem        string     `json:"problem"`
	Where          string     `json:"where,omitempty"`
	State          AndonState `json:"state"`
	Countermeasure string     `json:"countermeasure,omitempty"`
}

// NewAndon raises an andon in a running cycle.
func NewAndon(name, problem, where string, cycle *Cycle) (*Andon, error) {
	if err := cycle.running(); err != nil {
		return nil, err
	}
	if err := fault.InWords("andon.problem", "TEXT_MISSING", "say what is wrong", &problem); err != nil {
		return nil, err
	}
	return &Andon{Name: name, Problem: problem, Where: where, State: AndonOpen}, nil
}

// NothingToStop refuses an andon of a team that runs no cycle.
func NothingToStop(team string) error {
	return fault.New(fault.FailedPrecondition, "CYCLE_NOT_RUNNING",
		"the team runs no cycle that an andon could stop; start its draft with :start, or a new one under /v1/%s/cycles", team).With("team", team)
}

// Resolve writes the countermeasure that was taken.
func (a *Andon) Resolve(countermeasure string) ([]Event, error) {
	if a.State == AndonResolved {
		return nil, fault.New(fault.FailedPrecondition, "ANDON_RESOLVED", "the andon was resolved before; when the problem is back, raise another one")
	}
	if err := fault.InWords("countermeasure", "TEXT_MISSING", "say what was done about it", &countermeasure); err != nil {
		return nil, err
	}
	a.State, a.Countermeasure = AndonResolved, countermeasure
	return []Event{AndonCountered}, nil
}
