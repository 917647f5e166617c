package wire

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

func journal(j *domain.Journal) *pb.Journal {
	if j == nil {
		return nil
	}
	return &pb.Journal{
		Status: j.Status, Deviated: j.Deviated, DryRun: j.DryRun, ChaoslibVersion: j.Version,
		StartTime: timestamp(j.Start), EndTime: timestamp(j.End), DurationSeconds: j.Seconds,
		Before: steadyStateResult(j.Before), After: steadyStateResult(j.After),
		DuringCount: int32(j.During), DuringUnmetCount: int32(j.DuringUnmet),
		Activities: activities(j.Activities), Rollbacks: activities(j.Rollbacks),
		SuggestedVerdict: verdict(j.Suggested), SuggestedReason: j.Reason, WeaknessFound: j.Weakness,
		ImportTime: timestamppb.New(j.ImportTime), BeganBeforeLock: j.BeforeLock, ReplacedCount: int32(j.Replaced),
	}
}

func steadyStateResult(s *domain.SteadyStateResult) *pb.SteadyStateResult {
	if s == nil {
		return nil
	}
	return &pb.SteadyStateResult{Met: s.Met, Probes: activities(s.Probes)}
}

func activities(list []domain.JournalActivity) (out []*pb.JournalActivity) {
	for _, a := range list {
		out = append(out, &pb.JournalActivity{
			DisplayName: a.Name, Type: a.Type, Status: a.Status, Exception: a.Exception, StartTime: timestamp(a.Start),
			DurationSeconds: a.Seconds, ToleranceMet: a.ToleranceMet,
		})
	}
	return out
}
