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
	// Learning is the published learning that it tries again, `learnings/{learning}`; empty when it tries none.
	Learning string `json:"learning,omitempty"`
	// TimeZone is the team's IANA zone when its cycle started: the zone of the plan's days.
	TimeZone string `json:"timeZone"`

	State    State     `json:"state"`
	LockTime time.Time `json:"lockTime,omitzero"`
	// PlanHash is SHA-256 over the canonical plan, hexadecimal; see CanonicalPlan.
	PlanHash string `json:"planHash,omitempty"`
	// Method is what the metric's charts were computed by at the lock. It is no part of the plan's hash, and nil in what was
	// locked before it was kept, or without a metric.
	Method     *LockedMethod `json:"method,omitempty"`
	Amendments []Amendment   `json:"amendments,omitempty"`
	StartTime  time.Time     `json:"startTime,omitzero"`
	// StartOrdinal is how many measurements the metric had at the start: what has a greater ordinal came after it.
	StartOrdinal int64 `json:"startOrdinal,omitempty"`
	// CoachReason is why a coach let it run beside another one.
	CoachReason   string      `json:"coachReason,omitempty"`
	Outcome       *Outcome    `json:"outcome,omitempty"`
	AbandonReason string      `json:"abandonReason,omitempty"`
	HoldChecks    []HoldCheck `json:"holdChecks,omitempty"`
	// GameDay is nil when the experiment is none.
	GameDay *GameDay `json:"gameDay,omitempty"`
}

// LockedMethod is a Method as an experiment keeps it: what is changed in the metric after the lock does not reach the verdict.
type LockedMethod struct {
	Form  LimitForm `json:"form,omitempty"`
	Floor bool      `json:"floor,omitempty"`
	Rules RuleSet   `json:"rules,omitempty"`
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

// Team returns the id of the team.
func (e *Experiment) Team() string { return TeamOf(e.Name) }

// Locked tells whether the plan is locked.
func (e *Experiment) Locked() bool { return !e.LockTime.IsZero() }

// Ended tells whether nothing more can happen in the experiment itself.
func (e *Experiment) Ended() bool { return e.State == Concluded || e.State == Abandoned }

// zone is the team's. An unknown one counts as UTC; the cycle that gave it has checked it.
func (e *Experiment) zone() *time.Location {
	zone, err := time.LoadLocation(e.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// today is the day of now in the team's zone.
func (e *Experiment) today(now time.Time) time.Time {
	y, m, d := now.In(e.zone()).Date()
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
