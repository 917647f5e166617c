package consumer

import (
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Cycle takes in the obstacles and value streams of the teams, which offers go by.
func Cycle(tx *eventlog.Tx, r eventlog.Record) error {
	switch r.Type { // most events are others, and not worth decoding; nor are those that change neither the words of an obstacle nor its state
	case "fortnight.cycle.v1.ObstacleParked", "fortnight.cycle.v1.ObstacleMadeCurrent", "fortnight.cycle.v1.ObstacleSettled",
		"fortnight.cycle.v1.ObstacleUpdated", "fortnight.cycle.v1.ObstacleEscalated", "fortnight.cycle.v1.EscalationAnswered",
		"fortnight.cycle.v1.ValueStreamCreated", "fortnight.cycle.v1.ValueStreamUpdated", "fortnight.cycle.v1.ConstraintConfirmed":
	case "fortnight.cycle.v1.CycleDrafted", "fortnight.cycle.v1.CycleStarted": // an adopted learning may have waited for it
		return store.CycleCame(tx, "teams/"+r.Team)
	default:
		return nil
	}
	data, err := r.Message()
	if err != nil {
		return err
	}
	switch of := data.(type) {
	case interface{ GetObstacle() *cyclev1.Obstacle }:
		return store.Note(tx, wire.ObstacleCircumstance(of.GetObstacle()), r.Time, r.AggregateVersion)
	case interface{ GetValueStream() *cyclev1.ValueStream }:
		for _, c := range wire.ProcessCircumstances(of.GetValueStream()) {
			if err := store.Note(tx, c, r.Time, r.AggregateVersion); err != nil {
				return err
			}
		}
	}
	return nil
}
