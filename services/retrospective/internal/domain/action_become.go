package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// maxExperimentName is how long the name of an experiment is at most, in characters.
const maxExperimentName = 120

// BecomesObstacle links the obstacle that was made of the action. Once more changes nothing.
func (a *Action) BecomesObstacle(obstacle string) ([]Event, error) {
	if a.Obstacle != "" {
		return nil, nil
	}
	if err := a.MayBecome(); err != nil {
		return nil, err
	}
	a.Obstacle = obstacle
	return []Event{ActionChanged}, nil
}

// BecomesExperiment links the experiment that was drafted out of the action. Once more changes nothing.
func (a *Action) BecomesExperiment(experiment string) ([]Event, error) {
	if a.Experiment != "" {
		return nil, nil
	}
	if err := a.MayBecome(); err != nil {
		return nil, err
	}
	a.Experiment = experiment
	return []Event{ActionChanged}, nil
}

// MayBecome refuses to make something of an action that was given up.
func (a *Action) MayBecome() error {
	if a.State == ActionStateDropped {
		return a.unended()
	}
	return nil
}

// MayDraftIn refuses to draft in a cycle of another team; none at all passes.
func (a *Action) MayDraftIn(cycle string) error {
	if cycle != "" && !strings.HasPrefix(cycle, a.Team()+"/") {
		return fault.Invalid("cycle", "OTHER_TEAM", "this belongs to another team; it must lie under %s", a.Team())
	}
	return nil
}

// MadeID is the id of what is made of the action, always the same: what was made before is found again.
func (a *Action) MadeID() string {
	sum := sha256.Sum256([]byte(a.Name))
	return "action-" + hex.EncodeToString(sum[:8])
}

// ExperimentName is the action's text, as short as the name of an experiment has to be.
func (a *Action) ExperimentName() string { return firstWords(a.Text, maxExperimentName) }
