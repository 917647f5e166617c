package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// answerDays is how long an owner has when the team names no day, answerMonths how long at most.
	answerDays   = 14
	answerMonths = 3
)

// Escalation is a request for help from outside the team.
type Escalation struct {
	// Owner is who is to act.
	Owner        string    `json:"owner,omitempty"`
	Reason       string    `json:"reason"`
	EscalateTime time.Time `json:"escalateTime,omitzero"`
	AnswerByDate Day       `json:"answerByDate,omitempty"`
	Answer       string    `json:"answer,omitempty"`
	AnswerTime   time.Time `json:"answerTime,omitzero"`
}

// Escalate asks owner for help, who has until the day answerBy; 14 days when it is empty. today is a day of the team's zone.
func (o *Obstacle) Escalate(owner, reason, answerBy string, today Day, now time.Time) ([]Event, error) {
	if err := o.workable(); err != nil {
		return nil, err
	}
	due := today.AddDays(answerDays)
	if answerBy != "" {
		var err error
		if due, err = ParseDay("answer_by_date", answerBy); err != nil {
			return nil, err
		}
	}
	if latest := today.AddMonths(answerMonths); due <= today || due > latest {
		return nil, fault.Invalid("answer_by_date", "ANSWER_DATE_OUT_OF_RANGE", "the answer is due after today and by %s; %s is not in that time", latest, due)
	}
	if err := fault.InWords("reason", "TEXT_MISSING", "say why the team cannot learn past it by itself", &reason); err != nil {
		return nil, err
	}
	o.State, o.StateReason, o.Rank = ObstacleEscalated, reason, ""
	o.Escalation = &Escalation{Owner: owner, Reason: reason, EscalateTime: now, AnswerByDate: due}
	return []Event{EscalationOpened}, nil
}

// Answer keeps what came of the escalation and where the obstacle goes: to the parking lot at the rank, overcome, or dropped. One
// that was escalated before escalations had owners can be answered as well.
func (o *Obstacle) Answer(answer string, goes ObstacleState, rank string, now time.Time) ([]Event, error) {
	if o.State != ObstacleEscalated {
		return nil, fault.New(fault.FailedPrecondition, "OBSTACLE_NOT_ESCALATED", "nobody was asked for help with it, or they have answered; the obstacle is %s", o.State)
	}
	if err := fault.InWords("answer", "TEXT_MISSING", "say what is done about it, or why nothing is", &answer); err != nil {
		return nil, err
	}
	if o.Escalation == nil {
		o.Escalation = &Escalation{Reason: o.StateReason}
	}
	o.Escalation.Answer, o.Escalation.AnswerTime = answer, now
	o.State, o.StateReason = goes, answer
	if goes == ObstacleParked {
		o.Rank = rank
	}
	return []Event{EscalationAnswered}, nil
}

// EscalationOwner is who may answer besides the team; empty when nobody may.
func (o *Obstacle) EscalationOwner() string {
	if o.Escalation == nil {
		return ""
	}
	return o.Escalation.Owner
}
