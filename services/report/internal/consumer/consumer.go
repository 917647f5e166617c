// Package consumer turns the events of the other services into the rows that reports are read from.
package consumer

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/report/internal/store"
	"github.com/fortnighthq/fortnight/services/report/internal/wire"
)

// Sources are the services whose events a report rests on.
var Sources = []string{"identity", "cycle", "experiment", "knowledge"}

// Handle applies one event. An event that no report needs only moves the data time.
func Handle(tx *eventlog.Tx, event eventlog.Record) error {
	if err := apply(tx, event); err != nil {
		return err
	}
	return store.SaveDataTime(tx, event.Source, event.Time)
}

func apply(tx *eventlog.Tx, event eventlog.Record) error {
	data, err := event.Message()
	if err != nil {
		return err
	}
	team := "teams/" + event.Team
	switch data := data.(type) {
	case *identityv1.TeamCreated:
		return store.SaveTeam(tx, team, data.GetTeam().GetDisplayName(), event.AggregateVersion)
	case *identityv1.TeamUpdated:
		return store.SaveTeam(tx, team, data.GetTeam().GetDisplayName(), event.AggregateVersion)
	case *cyclev1.CycleFinished:
		return store.SaveFinishedCycle(tx, event.Subject, team, event.Time, event.AggregateVersion)
	case *cyclev1.ObstacleEscalated:
		return store.SaveEscalatedObstacle(tx, event.Subject, team, data.GetObstacle().GetDescription(), event.Time, event.AggregateVersion)
	case *cyclev1.ObstacleSettled:
		// An obstacle that was escalated before escalations had owners was settled so.
		if data.GetObstacle().GetState() != cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED {
			return nil
		}
		return store.SaveEscalatedObstacle(tx, event.Subject, team, data.GetObstacle().GetDescription(), event.Time, event.AggregateVersion)
	case *experimentv1.ExperimentLocked:
		return saveExperiment(tx, team, data.GetExperiment(), event.AggregateVersion)
	case *experimentv1.ExperimentConcluded:
		return saveExperiment(tx, team, data.GetExperiment(), event.AggregateVersion)
	case *knowledgev1.LearningPublished:
		return store.SavePublishedLearning(tx, event.Subject, data.GetLearning().GetTeam(), event.Time, event.AggregateVersion)
	default:
		return nil
	}
}

func saveExperiment(tx *eventlog.Tx, team string, x *experimentv1.Experiment, version int64) error {
	return store.SaveExperiment(tx, store.Experiment{
		Name: x.GetName(), Team: team, DisplayName: x.GetDisplayName(),
		Locked: timeOrZero(x.GetLockTime()), Concluded: timeOrZero(x.GetOutcome().GetConcludeTime()),
		Verdict: wire.Verdict(x.GetOutcome()), Expected: x.GetPrediction().GetSentence(),
		Happened: x.GetOutcome().GetHappened(), Learned: x.GetOutcome().GetLearned(), Version: version,
	})
}

func timeOrZero(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
