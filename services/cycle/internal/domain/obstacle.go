package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

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

// Obstacle is something to be learned past.
type Obstacle struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	State       ObstacleState `json:"state"`
	StateReason string        `json:"stateReason,omitempty"`
}

// NewObstacle parks an obstacle.
func NewObstacle(name, description string) *Obstacle {
	return &Obstacle{Name: name, Description: description, State: ObstacleParked}
}

// MakeCurrent makes the obstacle the one that the team works on. It does nothing when the obstacle is current already.
// Another current obstacle goes back to the parking lot in the same transaction, see Park; then reason is needed.
func (o *Obstacle) MakeCurrent(other *Obstacle, reason string) ([]Event, error) {
	if o.State == ObstacleCurrent {
		return nil, nil
	}
	if err := o.unsettled(); err != nil {
		return nil, err
	}
	if other != nil && reason == "" {
		return nil, fault.Invalid("reason", "SWITCH_REASON_MISSING",
			"the team works on %s now; say in reason why it switches", other.Name)
	}
	o.State, o.StateReason = ObstacleCurrent, reason
	return []Event{ObstacleMadeCurrent}, nil
}

// Park puts the current obstacle back into the parking lot. One that was settled meanwhile stays settled.
func (o *Obstacle) Park(reason string) []Event {
	if o.State != ObstacleCurrent {
		return nil
	}
	o.State, o.StateReason = ObstacleParked, reason
	return []Event{ObstacleParkedAgain}
}

// Settle ends the work on the obstacle: overcome, escalated or dropped.
func (o *Obstacle) Settle(as ObstacleState, reason string) ([]Event, error) {
	if err := o.unsettled(); err != nil {
		return nil, err
	}
	if as != ObstacleOvercome && reason == "" {
		return nil, fault.Invalid("reason", "SETTLE_REASON_MISSING", "say why the obstacle is %s", as)
	}
	o.State, o.StateReason = as, reason
	return []Event{ObstacleSettled}, nil
}

func (o *Obstacle) unsettled() error {
	if o.State == ObstacleParked || o.State == ObstacleCurrent {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "OBSTACLE_SETTLED", "the obstacle was settled before, as %s", o.State)
}
