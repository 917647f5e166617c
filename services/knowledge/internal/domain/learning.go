// Package domain holds what a learning is, how it comes to be, and who may see and change it.
package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// State tells where a learning stands.
type State string

// The states of a learning, in their only order.
const (
	Draft     State = "DRAFT"
	Published State = "PUBLISHED"
	Retired   State = "RETIRED"
)

// Learning is a claim with the situation it was found in and what it rests on.
type Learning struct {
	Name      string   `json:"name"`
	Claim     string   `json:"claim"`
	Situation string   `json:"situation,omitempty"`
	Tried     string   `json:"tried,omitempty"`
	Happened  string   `json:"happened,omitempty"`
	Verdict   string   `json:"verdict,omitempty"`
	Tags      []string `json:"tags,omitempty"`
	// Team, Cycle and Experiment are resource names.
	Team       string `json:"team"`
	Cycle      string `json:"cycle"`
	Experiment string `json:"experiment"`
	State      State  `json:"state"`
	// Distilled says that the retrospective has worded the claim: the experiment does not change it any more.
	Distilled    bool   `json:"distilled,omitempty"`
	RetireReason string `json:"retireReason,omitempty"`
	// Since is the earliest moment that is known of it; lists go by it.
	Since       time.Time `json:"since,omitzero"`
	PublishTime time.Time `json:"publishTime,omitzero"`
}

// Conclusion is what a concluded experiment contributes.
type Conclusion struct {
	Experiment, Learned, Tried, Happened string
	// Verdict is AS_PREDICTED, NOT_AS_PREDICTED or CANNOT_TELL.
	Verdict string
}

// Distillate is what a closed retrospective contributes.
type Distillate struct {
	Experiment, Claim, Situation string
	Tags                         []string
}

// New makes the learning of an experiment, still empty. Reason: EXPERIMENT_NAME_INVALID.
func New(experiment string) (*Learning, error) {
	e, err := parseExperiment(experiment)
	if err != nil {
		return nil, err
	}
	return &Learning{Name: e.learning(), Team: "teams/" + e.team, Cycle: "teams/" + e.team + "/cycles/" + e.cycle, Experiment: experiment, State: Draft}, nil
}

// TeamID is the id of the origin team.
func (l *Learning) TeamID() string { return strings.TrimPrefix(l.Team, "teams/") }

// Conclude takes in how the experiment came out, at the given time. It fills what is still empty beside the distilled words, in any
// state, and changes no state. The same again is no event.
func (l *Learning) Conclude(c Conclusion, at time.Time) []Event {
	claim := c.Learned
	if l.Distilled {
		claim = l.Claim
	}
	known := !l.Since.IsZero()
	same := known && l.Claim == claim && l.Tried == c.Tried && l.Happened == c.Happened && l.Verdict == c.Verdict
	if same {
		return nil
	}
	l.Claim, l.Tried, l.Happened, l.Verdict = claim, c.Tried, c.Happened, c.Verdict
	l.seen(at)
	return []Event{l.told()}
}

// Distil takes in what the retrospective says, at the given time, and publishes a draft. A retired learning stays retired.
// The same again is no event.
func (l *Learning) Distil(d Distillate, at time.Time) []Event {
	same := l.Distilled && l.Claim == d.Claim && l.Situation == d.Situation && slices.Equal(l.Tags, d.Tags)
	if same && l.State != Draft {
		return nil
	}
	l.Claim, l.Situation, l.Tags, l.Distilled = d.Claim, d.Situation, d.Tags, true
	l.seen(at)
	if l.State == Draft {
		l.State, l.PublishTime = Published, at
	}
	return []Event{l.told()}
}

// Publish shows a draft to everybody. Reasons: LEARNING_PUBLISHED, LEARNING_RETIRED, LEARNING_WITHOUT_CLAIM.
func (l *Learning) Publish(now time.Time) ([]Event, error) {
	switch {
	case l.State == Published:
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_PUBLISHED", "The learning was published before.")
	case l.State == Retired:
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_RETIRED", "The learning was retired: %s", l.RetireReason)
	case strings.TrimSpace(l.Claim) == "":
		return nil, fault.Unmet("LEARNING_WITHOUT_CLAIM", "The learning claims nothing yet.",
			fault.Violation{Field: "claim", Reason: "LEARNING_WITHOUT_CLAIM", Description: "Write in the retrospective what was learned."})
	}
	l.State, l.PublishTime = Published, now
	return []Event{LearningPublished}, nil
}

// Retire says that a published learning is no longer held to be true. It stays readable. Reasons: RETIRE_REASON_REQUIRED,
// LEARNING_NOT_PUBLISHED, LEARNING_RETIRED.
func (l *Learning) Retire(reason string) ([]Event, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return nil, fault.Invalid("reason", "RETIRE_REASON_REQUIRED", "Say why the learning is retired.")
	case l.State == Draft:
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_NOT_PUBLISHED", "Only a published learning can be retired.")
	case l.State == Retired:
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_RETIRED", "The learning was retired before: %s", l.RetireReason)
	}
	l.State, l.RetireReason = Retired, reason
	return []Event{LearningRetired}, nil
}

// NotFound is the answer for a learning that does not exist or must not be known of.
func NotFound(name string) *fault.Error {
	return fault.New(fault.NotFound, "LEARNING_NOT_FOUND", "There is no learning %q.", name)
}

// told is the fact that tells of a change in the present state.
func (l *Learning) told() Event {
	return map[State]Event{Draft: LearningDrafted, Published: LearningPublished, Retired: LearningRetired}[l.State]
}

func (l *Learning) seen(at time.Time) {
	if l.Since.IsZero() || at.Before(l.Since) {
		l.Since = at
	}
}
