package store

import (
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Obstacles of the teams, as the parking lot has them: the current one, the parked by rank, the escalated by the day of their answer,
// then the settled.
var Obstacles = &record.Collection[domain.Obstacle, domain.Event]{
	Table: "obstacles", Type: "obstacle", Noun: "obstacle",
	Key: func(o *domain.Obstacle) record.Key {
		return teamKey(o.Name, string(o.State), obstacleOrder(o))
	},
	Data: wire.ObstacleEvent,
	Also: func(tx *eventlog.Tx, after *domain.Obstacle, e domain.Event) error {
		switch e {
		case domain.ObstacleParkedAgain, domain.ObstacleUpdated, domain.ObstacleLinked, domain.ObstacleUnlinked:
			return noteObstacle(tx, after)
		default:
			return nil
		}
	},
}

const parkedOrder = "1"

func obstacleOrder(o *domain.Obstacle) string {
	switch o.State {
	case domain.ObstacleCurrent:
		return "0"
	case domain.ObstacleParked:
		if o.Rank == "" {
			return parkedOrder + domain.NoRank
		}
		return parkedOrder + o.Rank
	case domain.ObstacleEscalated:
		if o.Escalation == nil {
			return "2"
		}
		return "2" + string(o.Escalation.AnswerByDate)
	default:
		return "3"
	}
}

// OtherCurrentObstacle is the team's current obstacle when it is not the one named except.
func OtherCurrentObstacle(tx *eventlog.Tx, team, except string) (domain.Current, error) {
	name, err := CurrentObstacle(tx, team)
	if err != nil || name == "" || name == except {
		return domain.Current{}, err
	}
	row, err := Obstacles.Must(tx, name)
	return domain.Current{Name: name, Etag: row.Etag}, err
}
