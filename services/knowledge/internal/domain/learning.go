// Package domain holds what a learning is, how it comes to be, and who may see and change it.
package domain

import (
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

// Learning is a claim with the situation it was found in and what it rests on. The longer texts are Markdown.
type Learning struct {
	Name       string   `json:"name"`
	Claim      string   `json:"claim"`
	Situation  string   `json:"situation,omitempty"`
	Context    Context  `json:"context,omitzero"`
	Tags       []string `json:"tags,omitempty"`
	Tried      string   `json:"tried,omitempty"`
	Happened   string   `json:"happened,omitempty"`
	MayNotHold string   `json:"mayNotHold,omitempty"`
	HowToTry   string   `json:"howToTry,omitempty"`
	Verdict    string   `json:"verdict,omitempty"`
	// Team, Cycle and Experiment are resource names. A learning that was imported has none, one that was drafted by hand only a team.
	Team       string `json:"team,omitempty"`
	Cycle      string `json:"cycle,omitempty"`
	Experiment string `json:"experiment,omitempty"`
	State      State  `json:"state"`
	Grade      Grade  `json:"grade,omitzero"`
	// Distilled says that the retrospective has spoken, and has worded the claim: the experiment does not change it any more.
	Distilled bool `json:"distilled,omitempty"`
	// Worded are the fields that were worded by hand, by their names in the contract: neither source changes them any more.
	Worded       []string `json:"worded,omitempty"`
	RetireReason string   `json:"retireReason,omitempty"`
	// ReviewByDate is a day, YYYY-MM-DD.
	ReviewByDate string      `json:"reviewByDate,omitempty"`
	Reviews      []Review    `json:"reviews,omitempty"`
	HasChart     bool        `json:"hasChart,omitempty"`
	Provenance   *Provenance `json:"provenance,omitempty"`
	// Since is the earliest moment that is known of it; lists go by it.
	Since       time.Time `json:"since,omitzero"`
	PublishTime time.Time `json:"publishTime,omitzero"`
}

// Review is what somebody said who looked at a published learning again.
type Review struct {
	Text string    `json:"text"`
	Time time.Time `json:"time"`
}

// Provenance is where an imported learning comes from.
type Provenance struct {
	Installation string    `json:"installation"`
	Learning     string    `json:"learning"`
	Team         string    `json:"team,omitempty"`
	Grade        Grade     `json:"grade,omitzero"`
	ExportTime   time.Time `json:"exportTime,omitzero"`
	// ImportTime is when it was imported for the first time.
	ImportTime time.Time `json:"importTime,omitzero"`
	// Earlier are the installations that it came through before, first one first.
	Earlier []string `json:"earlier,omitempty"`
}

// New makes the learning of an experiment, still empty. Reason: EXPERIMENT_NAME_INVALID.
func New(experiment string) (*Learning, error) {
	e, err := parseExperiment(experiment)
	if err != nil {
		return nil, err
	}
	team := TeamOf(experiment)
	return &Learning{Name: e.learning(), Team: team, Cycle: team + "/cycles/" + e.cycle, Experiment: experiment, State: Draft}, nil
}

// TeamID is the id of the origin team.
func (l *Learning) TeamID() string { return strings.TrimPrefix(l.Team, "teams/") }

// Publish shows a draft to everybody. The settings are those of its team. Reasons: LEARNING_PUBLISHED, LEARNING_RETIRED,
// LEARNING_WITHOUT_CLAIM.
func (l *Learning) Publish(s Settings, now time.Time) ([]Event, error) {
	switch {
	case l.State == Published:
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_PUBLISHED", "The learning was published before.")
	case l.State == Retired:
		return nil, l.retired()
	case Line(l.Claim) == "":
		return nil, fault.Unmet("LEARNING_WITHOUT_CLAIM", "The learning claims nothing yet.",
			fault.Violation{Field: "claim", Reason: "LEARNING_WITHOUT_CLAIM", Description: "Write into its claim, or in the retrospective, what was learned."})
	}
	l.publish(s, now)
	return []Event{LearningPublished}, nil
}

func (l *Learning) publish(s Settings, at time.Time) {
	l.State, l.PublishTime = Published, at
	if l.ReviewByDate == "" {
		l.ReviewByDate = s.reviewBy(at)
	}
}

// Retire says that a published learning is no longer held to be true. It stays readable. Reasons: RETIRE_REASON_REQUIRED,
// LEARNING_NOT_PUBLISHED, LEARNING_RETIRED.
func (l *Learning) Retire(reason string) ([]Event, error) {
	reason = Text(reason)
	if err := fault.InWords("reason", "RETIRE_REASON_REQUIRED", "Say why the learning is retired.", &reason); err != nil {
		return nil, err
	}
	switch l.State {
	case Draft:
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_NOT_PUBLISHED", "Only a published learning can be retired.")
	case Retired:
		return nil, l.retired()
	case Published:
	}
	l.State, l.RetireReason = Retired, reason
	return []Event{LearningRetired}, nil
}

func (l *Learning) retired() error {
	return fault.New(fault.FailedPrecondition, "LEARNING_RETIRED", "The learning was retired: %s", l.RetireReason)
}

// NotFound is the answer for a learning that does not exist or must not be known of.
func NotFound(name string) *fault.Error {
	return fault.New(fault.NotFound, "LEARNING_NOT_FOUND", "There is no learning %q.", name)
}

// told is the fact that tells of a change in the present state.
func (l *Learning) told() Event {
	return map[State]Event{Draft: LearningDrafted, Published: LearningPublished, Retired: LearningRetired}[l.State]
}
