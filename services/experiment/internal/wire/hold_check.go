package wire

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// HoldCheck returns a hold check as clients see it; nil stays nil.
func HoldCheck(h *domain.HoldCheck) *pb.HoldCheck {
	if h == nil {
		return nil
	}
	out := &pb.HoldCheck{DueDate: h.DueDate, Weeks: int32(h.Weeks), State: holdState(h.Result())}
	if h.Judgement != nil {
		out.Judgement = holdJudgement(*h.Judgement)
	}
	for _, j := range h.Earlier {
		out.EarlierJudgements = append(out.EarlierJudgements, holdJudgement(j))
	}
	return out
}

func holdState(r domain.HoldResult) pb.HoldCheckState {
	if r == "" {
		return pb.HoldCheckState_HOLD_CHECK_STATE_PENDING
	}
	return enumOf[pb.HoldCheckState](pb.HoldCheckState_value, "HOLD_CHECK_STATE_", r)
}

func holdJudgement(j domain.JudgedHold) *pb.HoldJudgement {
	out := &pb.HoldJudgement{
		State: holdState(j.Result), Reason: j.Reason.Words(), JudgeTime: timestamppb.New(j.JudgeTime), Readings: int32(j.Readings),
		FirstReadingTime: timestamp(j.FirstReading), LastReadingTime: timestamp(j.LastReading), KeptShare: j.Kept,
		Limits: limits(j.Old), AgainReason: j.AgainReason,
	}
	if j.Readings > 0 {
		out.ActualValue = &j.Mean
	}
	if j.Old != nil {
		out.AdoptedValue = &j.Level
	}
	return out
}

// HoldCheckCallFrom returns the call that a request makes.
func HoldCheckCallFrom(r *pb.JudgeHoldCheckRequest) domain.HoldCheckCall {
	return domain.HoldCheckCall{Weeks: int(r.GetWeeks()), Again: r.GetAgain(), Reason: r.GetReason()}
}

// HoldCheckSummary returns a summary as clients see it.
func HoldCheckSummary(s domain.HoldCheckSummary, organization bool) *pb.HoldCheckSummary {
	if s.Withheld != "" {
		return &pb.HoldCheckSummary{WithheldReason: s.Withheld}
	}
	return &pb.HoldCheckSummary{
		TeamCount: teamCount(s.Teams, organization), DueCount: new(int32(s.Due)), JudgedCount: new(int32(s.Judged)), HeldCount: new(int32(s.Held)),
		SlippedCount: new(int32(s.Slipped)), CannotTellCount: new(int32(s.CannotTell)), HalfLife: halfLife(s.HalfLife),
	}
}

func halfLife(h domain.HalfLife) *pb.HalfLife {
	out := &pb.HalfLife{GainCount: int32(h.Count), MissingReason: h.Missing()}
	if !h.Sufficient {
		return out
	}
	out.SlippedCount = new(int32(h.Slipped))
	if h.Weeks != nil {
		out.Weeks = new(int32(*h.Weeks))
	}
	for _, s := range h.Holding {
		out.Holding = append(out.Holding, &pb.HoldingShare{Weeks: int32(s.Weeks), AtRiskCount: int32(s.AtRisk), SlippedCount: int32(s.Slipped), Share: domain.Significant(s.Share, 4)})
	}
	return out
}

// teamCount is for the organisation only.
func teamCount(teams int, organization bool) *int32 {
	if !organization {
		return nil
	}
	return new(int32(teams))
}
