package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// GoodDay converts a closed day.
func GoodDay(row record.Row[domain.GoodDay]) *retrospectivev1.GoodDay {
	d := row.Value
	day := &retrospectivev1.GoodDay{Name: d.Name, Withheld: d.Withheld(), StartTime: timestamppb.New(d.StartTime)}
	if d.Published() {
		day.People, day.Share = proto.Int32(int32(d.People)), proto.Float64(d.Share())
	}
	return day
}

// GoodDayEvent is the data of the event about a closed day.
func GoodDayEvent(row record.Row[domain.GoodDay], _ domain.Event) proto.Message {
	return &retrospectivev1.GoodDayClosed{GoodDay: GoodDay(row)}
}

// Mood converts a mood of the contract.
func Mood(mood retrospectivev1.Mood) domain.Mood {
	return domain.Mood(strings.TrimPrefix(mood.String(), "MOOD_"))
}

// GoodWeek converts a closed week.
func GoodWeek(row record.Row[domain.GoodWeek]) *retrospectivev1.GoodWeek {
	w := row.Value
	week := &retrospectivev1.GoodWeek{
		Name: w.Name, Days: int32(w.Days), GoodCauses: causes(w.GoodCauses), BadCauses: causes(w.BadCauses), Notes: w.Notes,
	}
	if share, published := w.Share(); published {
		week.Share = proto.Float64(share)
	}
	return week
}

func causes(named []domain.NamedCause) []*retrospectivev1.Cause {
	list := make([]*retrospectivev1.Cause, 0, len(named))
	for _, cause := range named {
		list = append(list, &retrospectivev1.Cause{Cause: cause.Cause, People: int32(cause.People)})
	}
	return list
}
