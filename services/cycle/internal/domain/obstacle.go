package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ObstacleState tells where an obstacle stands.
type ObstacleState string

// The states of an obstacle.
const (
	ObstacleParked    ObstacleState = "PARKED"
	ObstacleCurrent   ObstacleState = "CURRENT"
	ObstacleOvercome  ObstacleState = "OVERCOME"
	ObstacleEscalated ObstacleState = "ESCALATED"
	ObstacleDropped   ObstacleState = "DROPPED"
)

// stuckAfter is how many cycles an obstacle outlasts before it is stuck.
const stuckAfter = 2

// Obstacle is something to be learned past.
type Obstacle struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	State       ObstacleState `json:"state"`
	StateReason string        `json:"stateReason,omitempty"`
	// Rank is its place in the parking lot, see RankBetween. Only what is parked has one.
	Rank string `json:"rank,omitempty"`
	// Recurrence is the same for all obstacles that a person said are the same. It tells nothing else and is never shown.
	Recurrence string `json:"recurrence,omitempty"`
	// Escalation is the last one.
	Escalation *Escalation `json:"escalation,omitempty"`
	// OutlastedCycles are the cycles that finished while it was current.
	OutlastedCycles []string  `json:"outlastedCycles,omitempty"`
	StuckTime       time.Time `json:"stuckTime,omitzero"`
}

// NewObstacle parks an obstacle at a rank. The recurrence id is its own until it is linked.
func NewObstacle(name, description, rank, recurrence string) *Obstacle {
	return &Obstacle{Name: name, Description: description, State: ObstacleParked, Rank: rank, Recurrence: recurrence}
}

// DescribeObstacle refuses a description without words.
func DescribeObstacle(description string) (string, error) {
	err := fault.InWords("obstacle.description", "DESCRIPTION_MISSING", "say what is in the way", &description)
	return description, err
}

// Edit changes the words of an obstacle that is not settled.
func (o *Obstacle) Edit(description string) ([]Event, error) {
	if o.Settled() {
		return nil, o.settledBefore()
	}
	description, err := DescribeObstacle(description)
	if err != nil {
		return nil, err
	}
	if description == o.Description {
		return nil, nil
	}
	o.Description = description
	return []Event{ObstacleUpdated}, nil
}

// Current is the obstacle that a team works on now; without a name when there is none.
type Current struct{ Name, Etag string }

// MakeCurrent makes the obstacle the one that the team works on. It does nothing when the obstacle is current already.
// Another one that is current now goes back to the parking lot in the same transaction, see Park; then the caller has to name it in
// insteadOf and to give a reason.
func (o *Obstacle) MakeCurrent(now Current, insteadOf, reason string) ([]Event, error) {
	if o.State == ObstacleCurrent {
		return nil, nil
	}
	if err := o.workable(); err != nil {
		return nil, err
	}
	if now.Name != insteadOf {
		return nil, now.otherThan(insteadOf)
	}
	if reason = strings.TrimSpace(reason); now.Name != "" && reason == "" {
		return nil, fault.Invalid("reason", "SWITCH_REASON_MISSING", "the team works on %s now; say in reason why it switches", now.Name)
	}
	o.State, o.StateReason, o.Rank = ObstacleCurrent, reason, ""
	return []Event{ObstacleMadeCurrent}, nil
}

func (c Current) otherThan(believed string) error {
	if c.Name == "" {
		return fault.New(fault.Aborted, "OBSTACLE_CURRENT_CHANGED",
			"%s is not current any more, and no other one is; send the request again without instead_of", believed)
	}
	return fault.New(fault.Aborted, "OBSTACLE_CURRENT_CHANGED",
		"the team works on %s now; to switch from it, send the request again with it in instead_of and with a reason", c.Name).
		With("current", c.Name).With("current_etag", c.Etag)
}

// Park puts the current obstacle back into the parking lot. One that was settled meanwhile stays settled.
func (o *Obstacle) Park(rank, reason string) []Event {
	if o.State != ObstacleCurrent {
		return nil
	}
	o.State, o.StateReason, o.Rank = ObstacleParked, reason, rank
	return []Event{ObstacleParkedAgain}
}

// Move gives a parked obstacle another place in the parking lot.
func (o *Obstacle) Move(rank string) ([]Event, error) {
	if o.State != ObstacleParked {
		return nil, fault.New(fault.FailedPrecondition, "OBSTACLE_NOT_PARKED", "only what is in the parking lot has a place there; the obstacle is %s", o.State)
	}
	if rank == o.Rank {
		return nil, nil
	}
	o.Rank = rank
	return []Event{ObstacleMoved}, nil
}

// Settle ends the work on the obstacle: overcome, or dropped with a reason.
func (o *Obstacle) Settle(as ObstacleState, reason string) ([]Event, error) {
	if err := o.workable(); err != nil {
		return nil, err
	}
	if reason = strings.TrimSpace(reason); as != ObstacleOvercome && reason == "" {
		return nil, fault.Invalid("reason", "SETTLE_REASON_MISSING", "say why the obstacle is %s", as)
	}
	o.State, o.StateReason, o.Rank = as, reason, ""
	return []Event{ObstacleSettled}, nil
}

// Outlast keeps that a cycle finished while the obstacle was current. After the second one it is stuck.
func (o *Obstacle) Outlast(cycle string, now time.Time) []Event {
	if o.State != ObstacleCurrent || slices.Contains(o.OutlastedCycles, cycle) {
		return nil
	}
	o.OutlastedCycles = append(o.OutlastedCycles, cycle)
	if len(o.OutlastedCycles) != stuckAfter {
		return []Event{ObstacleOutlastedCycle}
	}
	o.StuckTime = now
	return []Event{ObstacleOutlastedCycle, ObstacleStuck}
}

// Settled tells whether the obstacle was overcome or dropped.
func (o *Obstacle) Settled() bool { return o.State == ObstacleOvercome || o.State == ObstacleDropped }

// workable refuses what the team itself cannot go on with.
func (o *Obstacle) workable() error {
	if o.State == ObstacleEscalated {
		return fault.New(fault.FailedPrecondition, "OBSTACLE_ESCALATED", "the obstacle waits for the answer to its escalation; write it down with :answer first")
	}
	if o.Settled() {
		return o.settledBefore()
	}
	return nil
}

func (o *Obstacle) settledBefore() error {
	return fault.New(fault.FailedPrecondition, "OBSTACLE_SETTLED", "the obstacle was settled before, as %s; enter it again when it is back", o.State)
}
