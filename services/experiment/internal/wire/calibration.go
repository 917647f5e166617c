package wire

import (
	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// Calibration returns a calibration as clients see it, under its name.
func Calibration(name string, r domain.PredictionRecord, organization bool) *pb.Calibration {
	if r.Withheld != "" {
		return &pb.Calibration{Name: name, WithheldReason: r.Withheld, EndDate: r.Through}
	}
	c := r.Calibration
	out := &pb.Calibration{
		Name: name, TeamCount: teamCount(r.Teams, organization), ResolvedCount: new(int32(c.Count)), EndDate: r.Through,
		CannotTellCount: new(int32(r.CannotTell)), AbandonedCount: new(int32(r.Abandoned)),
		Verdict: enumOf[pb.CalibrationVerdict](pb.CalibrationVerdict_value, "CALIBRATION_VERDICT_", c.Verdict), VerdictReason: c.Verdict.Words(),
	}
	if !organization {
		out.OpenCount = new(int32(r.Open))
	}
	if c.Count == 0 {
		return out
	}
	out.BrierScore, out.Reliability, out.Resolution, out.Uncertainty, out.BaseRate = &c.Brier, &c.Reliability, &c.Resolution, &c.Uncertainty, &c.BaseRate
	for _, s := range c.Steps {
		out.Steps = append(out.Steps, &pb.CalibrationStep{
			ConfidencePercent: int32(s.Percent), ResolvedCount: int32(s.Count), CameTrueCount: int32(s.Came), Share: s.Share,
		})
	}
	return out
}
