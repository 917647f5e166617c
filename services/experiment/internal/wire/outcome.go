package wire

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

func outcome(o *domain.Outcome) *pb.Outcome {
	if o == nil {
		return nil
	}
	out := &pb.Outcome{
		Signal: o.Signal, Limits: limits(o.Limits),
		SuggestedVerdict: verdict(o.Suggested), Verdict: verdict(o.Verdict), OverruleReason: o.OverruleReason,
		Happened: o.Happened, Learned: o.Learned, Surprise: o.Surprise, ConcludeTime: timestamppb.New(o.ConcludeTime),
		WindowStart: timestamp(o.Window.From), WindowEnd: timestamp(o.Window.To),
		FirstReadingTime: timestamp(o.FirstReading), LastReadingTime: timestamp(o.LastReading), ReadingsLeftOut: int32(o.LeftOut),
		Amendments: int32(o.AmendmentCount), Deviations: int32(o.DeviationCount), Warnings: o.Warnings,
	}
	if o.Readings > 0 { // otherwise a journal was judged
		out.ActualValue, out.Readings = new(o.Actual), new(int32(o.Readings))
	}
	if v := o.Visibility; v != nil {
		out.Visibility = &pb.Visibility{Shift: v.Shift, Power: v.Power, Runs: int32(v.Runs), Level: v.Level}
	}
	if l := o.Late; l != nil {
		out.LateReadings = &pb.LateReadings{ActualValue: l.Actual, Readings: int32(l.Readings), Verdict: verdict(l.Verdict)}
	}
	return out
}

func verdict(v domain.Verdict) pb.Verdict { return enumOf[pb.Verdict](pb.Verdict_value, "VERDICT_", v) }

// ConclusionFrom returns what the team says at the end, about the readings of a window.
func ConclusionFrom(r *pb.ConcludeExperimentRequest, window domain.Window) domain.Conclusion {
	return domain.Conclusion{
		Window:         window,
		Verdict:        wordOf[domain.Verdict](r.GetVerdict(), "VERDICT_"),
		OverruleReason: r.GetOverruleReason(), Happened: r.GetHappened(), Learned: r.GetLearned(),
	}
}

func amendment(a domain.Amendment) *pb.Amendment {
	out := &pb.Amendment{
		Kind: enumOf[pb.AmendmentKind](pb.AmendmentKind_value, "AMENDMENT_KIND_", a.Kind),
		Text: a.Text, CreateTime: timestamppb.New(a.CreateTime), MeasurementsSeen: int32(a.MeasurementsSeen),
	}
	for _, c := range a.Changes {
		out.Changes = append(out.Changes, &pb.PlanChange{
			Field: enumOf[pb.PlanField](pb.PlanField_value, "PLAN_FIELD_", c.Field), Before: c.Before, After: c.After,
		})
	}
	return out
}

// PlanChangesFrom returns what a request changes of a locked plan. What was said before is the server's to tell.
func PlanChangesFrom(changes []*pb.PlanChange) []domain.PlanChange {
	var out []domain.PlanChange
	for _, c := range changes {
		out = append(out, domain.PlanChange{Field: wordOf[domain.PlanField](c.GetField(), "PLAN_FIELD_"), After: c.GetAfter()})
	}
	return out
}

// Phase returns the domain's word for the phase of a cycle.
func Phase(p cyclev1.Phase) domain.Phase { return wordOf[domain.Phase](p, "PHASE_") }
