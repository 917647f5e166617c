package domain

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ChallengeState tells where a challenge stands.
type ChallengeState string

// The states of a challenge.
const (
	ChallengeActive   ChallengeState = "ACTIVE"
	ChallengeMet      ChallengeState = "MET"
	ChallengeReplaced ChallengeState = "REPLACED"
)

// Challenge is the direction of a team, 6 months to 3 years away.
type Challenge struct {
	Name        string         `json:"name"`
	Statement   string         `json:"statement"`
	HorizonDate Day            `json:"horizonDate"`
	Owner       string         `json:"owner,omitempty"`
	State       ChallengeState `json:"state"`
	StateReason string         `json:"stateReason,omitempty"`
}

// ChallengeChange is what a request changes: what is nil stays.
type ChallengeChange struct {
	Statement, Owner *string
	HorizonDate      *Day
}

// NewChallenge activates plan. The horizon must be 6 months to 3 years from today, and no other challenge of the team active; active
// names the one that is, or is empty.
func NewChallenge(plan Challenge, active string, today Day) (*Challenge, error) {
	if err := plan.said(); err != nil {
		return nil, err
	}
	if err := checkHorizon(plan.HorizonDate, today); err != nil {
		return nil, err
	}
	if active != "" {
		return nil, fault.New(fault.FailedPrecondition, "CHALLENGE_ALREADY_ACTIVE",
			"a team has one active challenge; close %s first with :close", active).With("challenge", active)
	}
	plan.State, plan.StateReason = ChallengeActive, ""
	return &plan, nil
}

// Edit changes the active challenge. A horizon is judged when it is set, not whenever the challenge changes: it comes nearer by itself.
// leading is the active target condition that leads towards the challenge, nil when there is none.
func (c *Challenge) Edit(change ChallengeChange, leading *TargetCondition, today Day) ([]Event, error) {
	if err := c.active(); err != nil {
		return nil, err
	}
	next := *c
	set(&next.Statement, change.Statement)
	set(&next.Owner, change.Owner)
	set(&next.HorizonDate, change.HorizonDate)
	if next == *c {
		return nil, nil
	}
	if err := next.said(); err != nil {
		return nil, err
	}
	if next.HorizonDate != c.HorizonDate {
		if err := checkHorizon(next.HorizonDate, today); err != nil {
			return nil, err
		}
		if leading != nil && next.HorizonDate < leading.AchieveByDate {
			return nil, fault.Invalid("challenge.horizon_date", "HORIZON_BEFORE_TARGET_CONDITION",
				"%s leads towards the challenge and is to be achieved by %s; set the horizon no earlier, or change that date first",
				leading.Name, leading.AchieveByDate)
		}
	}
	*c = next
	return []Event{ChallengeUpdated}, nil
}

// Close ends the active challenge as met or replaced, once nothing leads towards it any more: leading names the active target
// condition that does, or is empty.
func (c *Challenge) Close(as ChallengeState, reason, leading string) ([]Event, error) {
	if err := c.active(); err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	if as == ChallengeReplaced && reason == "" {
		return nil, closeReasonMissing("challenge")
	}
	if leading != "" {
		return nil, fault.New(fault.FailedPrecondition, "TARGET_CONDITION_STILL_ACTIVE",
			"%s still leads towards the challenge; close it first with :close", leading).With("target_condition", leading)
	}
	c.State, c.StateReason = as, reason
	return []Event{ChallengeClosed}, nil
}

// said refuses a challenge without words.
func (c *Challenge) said() error {
	return fault.InWords("challenge.statement", "STATEMENT_MISSING", "say in statement what will be true when the challenge is met", &c.Statement)
}

func (c *Challenge) active() error {
	if c.State == ChallengeActive {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "CHALLENGE_NOT_ACTIVE", "the challenge was closed before, as %s; create another one", c.State)
}

func checkHorizon(horizon, today Day) error {
	if earliest, latest := today.AddMonths(6), today.AddMonths(36); horizon < earliest || horizon > latest {
		return fault.Invalid("challenge.horizon_date", "HORIZON_OUT_OF_RANGE",
			"a challenge lies 6 months to 3 years away: between %s and %s", earliest, latest)
	}
	return nil
}

func closeReasonMissing(noun string) error {
	return fault.Invalid("reason", "CLOSE_REASON_MISSING", "say in reason why another %s takes its place", noun)
}
