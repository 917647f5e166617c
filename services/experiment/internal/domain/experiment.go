package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// State is where an experiment stands.
type State string

// The states. A locked plan is still a DRAFT, with a lock time.
const (
	Draft     State = "DRAFT"
	Running   State = "RUNNING"
	Concluded State = "CONCLUDED"
	Abandoned State = "ABANDONED"
)

// Experiment is one step against an obstacle, with a prediction.
type Experiment struct {
	Name        string     `json:"name"`
	DisplayName string     `json:"displayName"`
	Obstacle    string     `json:"obstacle,omitempty"`
	Prediction  Prediction `json:"prediction"`
	SafeToFail  string     `json:"safeToFail,omitempty"`
	// TimeZone is the team's IANA zone when its cycle started: the zone of the plan's days.
	TimeZone string `json:"timeZone"`

	State    State     `json:"state"`
	LockTime time.Time `json:"lockTime,omitzero"`
	// PlanHash is SHA-256 over the canonical plan, hexadecimal; see CanonicalPlan.
	PlanHash   string      `json:"planHash,omitempty"`
	Amendments []Amendment `json:"amendments,omitempty"`
	StartTime  time.Time   `json:"startTime,omitzero"`
	// StartOrdinal is how many measurements the metric had at the start: what has a greater ordinal came after it.
	StartOrdinal  int64       `json:"startOrdinal,omitempty"`
	Outcome       *Outcome    `json:"outcome,omitempty"`
	AbandonReason string      `json:"abandonReason,omitempty"`
	HoldChecks    []HoldCheck `json:"holdChecks,omitempty"`
}

// Event is what happened to an experiment.
type Event string

// The events.
const (
	EventDrafted             Event = "ExperimentDrafted"
	EventUpdated             Event = "ExperimentUpdated"
	EventLocked              Event = "ExperimentLocked"
	EventAmended             Event = "ExperimentAmended"
	EventStarted             Event = "ExperimentStarted"
	EventConcluded           Event = "ExperimentConcluded"
	EventAbandoned           Event = "ExperimentAbandoned"
	EventHoldChecksScheduled Event = "HoldChecksScheduled"
)

// Amendment is a change to a locked plan.
type Amendment struct {
	Kind       AmendmentKind `json:"kind"`
	Text       string        `json:"text"`
	CreateTime time.Time     `json:"createTime"`
	// MeasurementsSeen is how many measurements of the metric had arrived since the start.
	MeasurementsSeen int `json:"measurementsSeen"`
}

// AmendmentKind tells whether results had been seen when a locked plan was changed.
type AmendmentKind string

// The kinds of changes to a locked plan.
const (
	// KindAmendment is a change before results were seen.
	KindAmendment AmendmentKind = "AMENDMENT"
	// KindDeviation is a change after results were seen.
	KindDeviation AmendmentKind = "DEVIATION"
)

// Outcome is what came of an experiment.
type Outcome struct {
	Judgement
	Verdict        Verdict   `json:"verdict"`
	OverruleReason string    `json:"overruleReason,omitempty"`
	Happened       string    `json:"happened"`
	Learned        string    `json:"learned"`
	Surprise       bool      `json:"surprise"`
	ConcludeTime   time.Time `json:"concludeTime"`
}

// HoldCheck is a re-measurement after a decision to adopt.
type HoldCheck struct {
	// DueDate is a day of the team's zone, YYYY-MM-DD.
	DueDate string `json:"dueDate"`
	// Weeks is how many weeks after the decision.
	Weeks int `json:"weeks"`
}

// Team returns the id of the team.
func (e *Experiment) Team() string { return TeamOf(e.Name) }

// Locked tells whether the plan is locked.
func (e *Experiment) Locked() bool { return !e.LockTime.IsZero() }

// Ended tells whether nothing more can happen in the experiment itself.
func (e *Experiment) Ended() bool { return e.State == Concluded || e.State == Abandoned }

// today is the day of now in the team's zone. An unknown zone counts as UTC; the cycle that gave it has checked it.
func (e *Experiment) today(now time.Time) time.Time {
	zone, err := time.LoadLocation(e.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// refuse is a transition that the present state does not allow.
func (e *Experiment) refuse(reason, message string) *fault.Error {
	return fault.New(fault.FailedPrecondition, reason, "%s", message).With("experiment", e.Name).With("state", string(e.State))
}

func (e *Experiment) refuseEnded() *fault.Error {
	if e.State == Abandoned {
		return e.refuse("EXPERIMENT_ENDED", "The experiment was abandoned. Draft a new one instead.")
	}
	return e.refuse("EXPERIMENT_ENDED", "The experiment is concluded. Draft a new one for the next step.")
}
