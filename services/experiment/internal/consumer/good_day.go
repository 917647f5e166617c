package consumer

import (
	"log/slog"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

var goodDayClosedType = string((&retrospectivev1.GoodDayClosed{}).ProtoReflect().Descriptor().FullName())

// Retrospectives takes in everything that the retrospective service tells: closed retrospectives and closed days.
func Retrospectives(logger *slog.Logger) bus.Handler {
	return func(tx *eventlog.Tx, r eventlog.Record) error {
		if r.Type == goodDayClosedType {
			return goodDay(tx, r, logger)
		}
		return Retrospective(tx, r)
	}
}

// goodDay makes a reading of a day that is published. A repeated event changes nothing.
func goodDay(tx *eventlog.Tx, r eventlog.Record, logger *slog.Logger) error {
	var closed retrospectivev1.GoodDayClosed
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(r.Data, &closed); err != nil {
		return fault.New(fault.InvalidArgument, "EVENT_UNREADABLE", "The data of the event cannot be read.").Because(err)
	}
	day := closed.GetGoodDay()
	if day == nil || day.Share == nil || !day.GetStartTime().IsValid() {
		return nil
	}
	team, _, _ := strings.Cut(day.GetName(), "/goodDays/")
	recorded, err := store.RecordGoodDay(tx, team, domain.GoodDayReading(day.GetStartTime().AsTime(), day.GetShare()))
	if err == nil && !recorded {
		logger.Warn("the share of good days is not recorded: a metric of that id is the team's own", "metric", domain.GoodDayMetric(team).Name)
	}
	return err
}
