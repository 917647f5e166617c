package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Baseline returns a frozen baseline as clients see it.
func Baseline(row record.Row[domain.FrozenBaseline]) *pb.Baseline {
	b := row.Value
	return &pb.Baseline{
		Name: b.Name, StartTime: timestamppb.New(b.From),
		Window: &pb.BaselineWindow{
			FirstTime: timestamp(b.Window.First), LastTime: timestamp(b.Window.Last), FirstPoints: int32(b.Window.Points),
		},
		Decision: &pb.BaselineDecision{Reason: b.Reason, Decider: b.Decider, DecideTime: timestamppb.New(b.DecideTime)},
		Limits:   limits(&b.Limits), Provisional: b.Limits.Provisional(),
	}
}

// BaselineFrozen returns the data of the one event of a baseline.
func BaselineFrozen(row record.Row[domain.FrozenBaseline], _ struct{}) proto.Message {
	return &pb.BaselineFrozen{Baseline: Baseline(row)}
}
