package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

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
	State       ChallengeState `json:"state"`
}

// NewChallenge checks that the horizon is 6 months to 3 years from today.
func NewChallenge(name, statement string, horizon, today Day) (*Challenge, error) {
	if earliest, latest := today.AddMonths(6), today.AddMonths(36); horizon < earliest || horizon > latest {
		return nil, fault.Invalid("challenge.horizon_date", "HORIZON_OUT_OF_RANGE",
			"a challenge lies 6 months to 3 years away: between %s and %s", earliest, latest)
	}
	return &Challenge{Name: name, Statement: statement, HorizonDate: horizon, State: ChallengeActive}, nil
}
