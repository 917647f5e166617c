package store

import (
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Challenges of the teams.
var Challenges = &record.Collection[domain.Challenge, domain.Event]{
	Table: "challenges", Type: "challenge", Noun: "challenge",
	Key: func(c *domain.Challenge) record.Key {
		return teamKey(c.Name, string(c.State), c.Name)
	},
	Data: wire.ChallengeEvent,
}

// ActiveChallenge is the name of the team's active challenge, or empty. A team of the time before there was but one may have several;
// then it is the first by name.
func ActiveChallenge(tx *eventlog.Tx, team string) (string, error) {
	return nameIn(tx, "challenges", team, string(domain.ChallengeActive))
}
