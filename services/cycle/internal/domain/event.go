package domain

// Event is a fact about one of this service's aggregates. The store adds the aggregate itself to what is recorded.
type Event string

// The facts that this service records. Each is the name of its data message in the contract.
const (
	ChallengeCreated       Event = "ChallengeCreated"
	TargetConditionCreated Event = "TargetConditionCreated"
	TargetConditionClosed  Event = "TargetConditionClosed"
	ObstacleParkedAgain    Event = "ObstacleParked"
	ObstacleMadeCurrent    Event = "ObstacleMadeCurrent"
	ObstacleSettled        Event = "ObstacleSettled"
	CycleStarted           Event = "CycleStarted"
	CycleUpdated           Event = "CycleUpdated"
	CycleAdvanced          Event = "CycleAdvanced"
	CycleFinished          Event = "CycleFinished"
	CycleCancelled         Event = "CycleCancelled"
	AndonRaised            Event = "AndonRaised"
	AndonCountered         Event = "AndonResolved"
	ValueStreamCreated     Event = "ValueStreamCreated"
	ValueStreamUpdated     Event = "ValueStreamUpdated"
	ConstraintConfirmed    Event = "ConstraintConfirmed"
	PainfulActivityCreated Event = "PainfulActivityCreated"
	PainfulActivityUpdated Event = "PainfulActivityUpdated"
	PainfulActivityScored  Event = "PainfulActivityScored"
	CoachingSessionCreated Event = "CoachingSessionCreated"
	CoachingSessionUpdated Event = "CoachingSessionUpdated"
	CoachingSessionHeld    Event = "CoachingSessionHeld"
	CoachingCadenceUpdated Event = "CoachingCadenceUpdated"
	CapacityEntryCreated   Event = "CapacityEntryCreated"
	CapacityEntryUpdated   Event = "CapacityEntryUpdated"
)
