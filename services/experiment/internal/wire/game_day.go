package wire

import (
	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// GameDayFrom returns the plan of a game day; nil is none.
func GameDayFrom(g *pb.GameDay) *domain.GameDay {
	if g == nil {
		return nil
	}
	out := &domain.GameDay{
		Prediction: wordOf[domain.GameDayPrediction](g.GetPrediction(), "GAME_DAY_PREDICTION_"), Method: g.GetMethod(),
		BlastRadius: g.GetBlastRadius(), AbortCondition: g.GetAbortCondition(), Rollback: g.GetRollback(),
	}
	if s := g.GetSteadyState(); s != nil {
		out.SteadyState = domain.SteadyState{Hypothesis: s.GetHypothesis(), Probe: s.GetProbe(), Lower: s.Lower, Upper: s.Upper}
	}
	return out
}

func gameDay(g *domain.GameDay) *pb.GameDay {
	if g == nil {
		return nil
	}
	s := g.SteadyState
	return &pb.GameDay{
		SteadyState: &pb.SteadyState{Hypothesis: s.Hypothesis, Probe: s.Probe, Lower: s.Lower, Upper: s.Upper},
		Prediction:  enumOf[pb.GameDayPrediction](pb.GameDayPrediction_value, "GAME_DAY_PREDICTION_", g.Prediction), Method: g.Method,
		BlastRadius: g.BlastRadius, AbortCondition: g.AbortCondition, Rollback: g.Rollback, Journal: journal(g.Journal),
	}
}
