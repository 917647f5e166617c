// Package consumer takes in what other services have done.
package consumer

import (
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

var closedType = string((&retrospectivev1.RetrospectiveClosed{}).ProtoReflect().Descriptor().FullName())

// Retrospective schedules the hold checks of the experiments that a closed retrospective adopts. A repeated event changes
// nothing. What was not concluded is passed over: it has no gain to measure again.
func Retrospective(tx *eventlog.Tx, r eventlog.Record) error {
	if r.Type != closedType {
		return nil
	}
	var closed retrospectivev1.RetrospectiveClosed
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(r.Data, &closed); err != nil {
		return fault.New(fault.InvalidArgument, "EVENT_UNREADABLE", "The data of the event cannot be read.").Because(err)
	}
	decided := r.Time
	if t := closed.GetRetrospective().GetCloseTime(); t.IsValid() {
		decided = t.AsTime()
	}
	for _, d := range closed.GetRetrospective().GetDecisions() {
		if d.GetKind() != retrospectivev1.DecisionKind_DECISION_KIND_ADOPT {
			continue
		}
		_, err := store.Experiments.Update(tx, d.GetExperiment(), "", func(e *domain.Experiment, _ time.Time) ([]domain.Event, error) {
			return e.ScheduleHoldChecks(decided)
		})
		if err != nil && !notConcluded(err) {
			return err
		}
	}
	return nil
}

func notConcluded(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Reason == "EXPERIMENT_NOT_CONCLUDED"
}
