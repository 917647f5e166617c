package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Andon converts a stored andon.
func Andon(row record.Row[domain.Andon]) *cyclev1.Andon {
	a := row.Value
	return &cyclev1.Andon{
		Name:           a.Name,
		Problem:        a.Problem,
		Where:          a.Where,
		State:          cyclev1.AndonState(cyclev1.AndonState_value["ANDON_STATE_"+string(a.State)]),
		Countermeasure: a.Countermeasure,
		Etag:           row.Etag,
		CreateTime:     timestamppb.New(row.CreateTime),
		UpdateTime:     timestamppb.New(row.UpdateTime),
	}
}

// AndonEvent is the data of an event about an andon.
func AndonEvent(row record.Row[domain.Andon], event domain.Event) proto.Message {
	if event == domain.AndonCountered {
		return &cyclev1.AndonResolved{Andon: Andon(row)}
	}
	return &cyclev1.AndonRaised{Andon: Andon(row)}
}
