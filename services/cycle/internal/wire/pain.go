package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// PainfulActivity converts a stored activity of the pain ladder.
func PainfulActivity(row record.Row[domain.PainfulActivity]) *cyclev1.PainfulActivity {
	a := row.Value
	return &cyclev1.PainfulActivity{
		Name:            a.Name,
		DisplayName:     a.DisplayName,
		Pain:            int32(a.Score.Pain),
		Frequency:       frequency(a.Score.Frequency),
		TargetFrequency: frequency(a.Target),
		NextFrequency:   frequency(a.Next()),
		ScoreTime:       timestamppb.New(a.Score.Time),
		Etag:            row.Etag,
		CreateTime:      timestamppb.New(row.CreateTime),
		UpdateTime:      timestamppb.New(row.UpdateTime),
	}
}

// PainScore converts a kept score.
func PainScore(row record.Row[domain.PainScore]) *cyclev1.PainScore {
	s := row.Value
	return &cyclev1.PainScore{
		Name: s.Name, Pain: int32(s.Pain),
		Frequency: frequency(s.Frequency), Note: s.Note, CreateTime: timestamppb.New(s.Time),
	}
}

// Frequency converts a frequency of the contract; empty when it is not said.
func Frequency(given cyclev1.Frequency) domain.Frequency {
	if given == cyclev1.Frequency_FREQUENCY_UNSPECIFIED {
		return ""
	}
	return domain.Frequency(strings.TrimPrefix(given.String(), "FREQUENCY_"))
}

func frequency(f domain.Frequency) cyclev1.Frequency {
	return cyclev1.Frequency(cyclev1.Frequency_value["FREQUENCY_"+string(f)])
}

// PainfulActivityEvent is the data of an event about a painful activity.
func PainfulActivityEvent(row record.Row[domain.PainfulActivity], event domain.Event) proto.Message {
	activity := PainfulActivity(row)
	switch event {
	case domain.PainfulActivityUpdated:
		return &cyclev1.PainfulActivityUpdated{PainfulActivity: activity}
	case domain.PainfulActivityScored:
		return &cyclev1.PainfulActivityScored{PainfulActivity: activity}
	default:
		return &cyclev1.PainfulActivityCreated{PainfulActivity: activity}
	}
}
