package domain

import "time"

// CircumstanceKind is a kind of thing that offers go by.
type CircumstanceKind string

// What is known of teams from other services.
const (
	// ActiveTeam holds while the team works with Fortnight.
	ActiveTeam CircumstanceKind = "TEAM"
	// TeamObstacle holds while an obstacle is current or parked.
	TeamObstacle CircumstanceKind = "OBSTACLE"
	// TeamProcess is a value stream.
	TeamProcess CircumstanceKind = "PROCESS"
	// TeamConstraint is the step that is confirmed as the constraint of a value stream.
	TeamConstraint CircumstanceKind = "CONSTRAINT"
)

// Circumstance is something that is so for a team, for a time.
type Circumstance struct {
	Kind CircumstanceKind
	// Name is the resource that it is known from, Team is teams/{team}.
	Name, Team string
	// Text is what is in the way, or what the process or step is called.
	Text string
	// Current says that the team works on this obstacle now; the others are parked.
	Current bool
	// Holds is false when it is so no more.
	Holds bool
}

// What events tell of each other's order is their times. Sources are read independently, and one may be behind: so an offer goes by what
// was so when the learning was published, by those times, and not by what has been heard of by then.
const (
	// Lag is how far a source may be behind without any effect on what is offered: what ended less than so long before a learning was
	// published counts as if it still held, for it may not be known yet that it ended.
	Lag = 2 * time.Hour
	// Memory is how far a source may be behind so that what it tells late is still offered for.
	Memory = 7 * 24 * time.Hour
)
