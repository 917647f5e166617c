package store

import (
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/archive"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Archive is what this service keeps of a team's board, what others lean on first.
func Archive() []archive.Kind {
	return []archive.Kind{
		kept(Challenges, "challenges/*"),
		kept(ValueStreams, "valueStreams/*"),
		archive.Kept(ValueStreamVersions, "valueStreams/*/versions/*"),
		kept(TargetConditions, "targetConditions/*").OneIn(string(domain.TargetConditionActive)),
		keptWith(Obstacles, "obstacles/*", noteObstacle).OneIn(string(domain.ObstacleCurrent)),
		kept(Cycles, "cycles/*").OneIn(string(domain.CycleActive), string(domain.CycleDraft)),
		kept(Andons, "cycles/*/andons/*"),
		kept(PainfulActivities, "painfulActivities/*"),
		archive.Kept(PainScores, "painfulActivities/*/scores/*"),
		kept(CoachingCadences, "coachingCadence"),
		kept(CoachingSessions, "coachingSessions/*"),
		kept(CapacityEntries, "capacityEntries/*"),
	}
}

// kept is a collection with its events.
func kept[T any](c *record.Collection[T, domain.Event], pattern string) archive.Kind {
	return keptWith(c, pattern, nil)
}

// keptWith is kept, and also writes what else the service has to know of a restored aggregate.
func keptWith[T any](c *record.Collection[T, domain.Event], pattern string, also func(tx *eventlog.Tx, x *T) error) archive.Kind {
	return archive.Of(c, pattern, func(name string, _ proto.Message) domain.Event { return domain.Event(name) }, also)
}
