package rpc

import (
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// outlast keeps with the team's current obstacle, if there is one, that the cycle finished and the obstacle is still there.
func outlast(tx *eventlog.Tx, team, cycle string) error {
	obstacle, err := store.CurrentObstacle(tx, team)
	if err != nil || obstacle == "" {
		return err
	}
	_, err = store.Obstacles.Update(tx, obstacle, "", func(o *domain.Obstacle, now time.Time) ([]domain.Event, error) {
		return o.Outlast(cycle, now), nil
	})
	return err
}
