package domain

import (
	"strings"
	"time"
)

// OfferState tells where an offer stands.
type OfferState string

// The states of an offer.
const (
	Waiting   OfferState = "WAITING"
	Open      OfferState = "OPEN"
	Answered  OfferState = "ANSWERED"
	NoAnswer  OfferState = "NO_ANSWER"
	Withdrawn OfferState = "WITHDRAWN"
)

// Answer is what a team answers to an offer.
type Answer string

// The answers.
const (
	Adopt        Answer = "ADOPT"
	Adapt        Answer = "ADAPT"
	Decline      Answer = "DECLINE"
	AlreadyDoing Answer = "ALREADY_DOING"
)

// OfferReasonKind is a rule by which learnings are offered.
type OfferReasonKind string

// The rules.
const (
	BecauseObstacle         OfferReasonKind = "OBSTACLE"
	BecauseProcess          OfferReasonKind = "PROCESS"
	BecauseConstraintType   OfferReasonKind = "CONSTRAINT_TYPE"
	BecauseFollowedTag      OfferReasonKind = "FOLLOWED_TAG"
	BecauseFollowedTeam     OfferReasonKind = "FOLLOWED_TEAM"
	BecauseFollowedLearning OfferReasonKind = "FOLLOWED_LEARNING"
	BecauseTaken            OfferReasonKind = "TAKEN"
)

// AdoptionState tells how far an adoption is.
type AdoptionState string

// The states of an adoption.
const (
	Drafting  AdoptionState = "DRAFTING"
	Drafted   AdoptionState = "DRAFTED"
	Running   AdoptionState = "RUNNING"
	Concluded AdoptionState = "CONCLUDED"
	Abandoned AdoptionState = "ABANDONED"
)

// Offer is a learning put to a team, its answer, and what came of it. There is one for a team and a learning.
type Offer struct {
	// Name is teams/{team}/offers/{learning}: the last part is the id of the learning.
	Name string `json:"name"`
	// Claim is what the learning claimed when it was offered; OriginTeam is teams/{team}.
	Claim      string        `json:"claim"`
	OriginTeam string        `json:"originTeam,omitempty"`
	State      OfferState    `json:"state"`
	Reasons    []OfferReason `json:"reasons"`
	// Score orders offers that wait: the greatest is put to the team first. It is never shown.
	Score float64 `json:"score,omitempty"`
	// Since is when the offer was made, in whatever state.
	Since        time.Time `json:"since"`
	OfferTime    time.Time `json:"offerTime,omitzero"`
	AnswerBy     time.Time `json:"answerBy,omitzero"`
	Answer       Answer    `json:"answer,omitempty"`
	AnswerText   string    `json:"answerText,omitempty"`
	AlreadySince string    `json:"alreadySince,omitempty"`
	AnswerTime   time.Time `json:"answerTime,omitzero"`
	// Cycle is where the team wants its experiment drafted; empty lets Fortnight choose.
	Cycle    string    `json:"cycle,omitempty"`
	Adoption *Adoption `json:"adoption,omitempty"`
}

// OfferReason is why a learning was offered.
type OfferReason struct {
	Kind     OfferReasonKind `json:"kind"`
	Text     string          `json:"text"`
	Obstacle string          `json:"obstacle,omitempty"`
}

// Adoption is what came of an adopted or adapted learning.
type Adoption struct {
	State      AdoptionState `json:"state"`
	Experiment string        `json:"experiment,omitempty"`
	// Problem is why no experiment could be drafted yet, and the way out.
	Problem      string    `json:"problem,omitempty"`
	Result       Result    `json:"result,omitempty"`
	ConcludeTime time.Time `json:"concludeTime,omitzero"`
}

// OfferName is the name of the offer of a learning, `learnings/{learning}`, to a team, `teams/{team}`.
func OfferName(team, learning string) string {
	return team + "/offers/" + strings.TrimPrefix(learning, "learnings/")
}

// Team is the team that is offered the learning, `teams/{team}`.
func (o *Offer) Team() string { return TeamOf(o.Name) }

// TeamID is the id of that team.
func (o *Offer) TeamID() string { return strings.TrimPrefix(o.Team(), "teams/") }

// Learning is the learning that is offered, `learnings/{learning}`.
func (o *Offer) Learning() string {
	return "learnings/" + o.Name[strings.LastIndexByte(o.Name, '/')+1:]
}
