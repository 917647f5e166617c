package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CoachingSessions of the teams, the latest day first.
var CoachingSessions = &record.Collection[domain.CoachingSession, domain.Event]{
	Table: "coaching_sessions", Type: "coaching_session", Noun: "coaching session", Descending: true,
	Key: func(s *domain.CoachingSession) record.Key {
		return teamKey(s.Name, string(s.State), string(s.Date))
	},
	Data: wire.CoachingSessionEvent,
}

// CoachingCadences of the teams: one each, once the team has said something.
var CoachingCadences = &record.Collection[domain.CoachingCadence, domain.Event]{
	Table: "coaching_cadences", Type: "coaching_cadence", Noun: "coaching cadence",
	Key: func(c *domain.CoachingCadence) record.Key {
		return teamKey(c.Name, "", c.Name)
	},
	Data: wire.CoachingCadenceEvent,
}

// CurrentObstacle is the name of the team's current obstacle, or empty.
func CurrentObstacle(tx *eventlog.Tx, team string) (string, error) {
	return nameIn(tx, "obstacles", team, string(domain.ObstacleCurrent))
}

// HeldSessions counts the sessions that the team held in the period, by day. By whom is not asked.
func HeldSessions(ctx context.Context, q db.Queryer, team string, period domain.Period) (map[domain.Day]int, error) {
	type count struct {
		Day      string `db:"day"`
		Sessions int    `db:"sessions"`
	}
	counts, err := db.All[count](ctx, q, "select sort_key as day, count(*) as sessions from coaching_sessions"+
		" where parent = $1 and state = $2 and sort_key >= $3 and sort_key <= $4 group by sort_key",
		team, string(domain.CoachingHeld), string(period.Start), string(period.End))
	if err != nil {
		return nil, err
	}
	held := map[domain.Day]int{}
	for _, c := range counts {
		held[domain.Day(c.Day)] = c.Sessions
	}
	return held, nil
}
