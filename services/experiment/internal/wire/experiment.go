package wire

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Experiment returns an experiment as clients see it.
func Experiment(row record.Row[domain.Experiment]) *pb.Experiment {
	e := row.Value
	out := &pb.Experiment{
		Name: e.Name, DisplayName: e.DisplayName, Obstacle: e.Obstacle, SafeToFail: e.SafeToFail,
		Prediction: prediction(e.Prediction),
		State:      enumOf[pb.ExperimentState](pb.ExperimentState_value, "EXPERIMENT_STATE_", e.State),
		LockTime:   timestamp(e.LockTime), PlanHash: e.PlanHash, StartTime: timestamp(e.StartTime),
		Outcome: outcome(e.Outcome), AbandonReason: e.AbandonReason,
		Etag: row.Etag, CreateTime: timestamppb.New(row.CreateTime), UpdateTime: timestamppb.New(row.UpdateTime),
	}
	for _, a := range e.Amendments {
		out.Amendments = append(out.Amendments, &pb.Amendment{
			Kind: enumOf[pb.AmendmentKind](pb.AmendmentKind_value, "AMENDMENT_KIND_", a.Kind),
			Text: a.Text, CreateTime: timestamppb.New(a.CreateTime), MeasurementsSeen: int32(a.MeasurementsSeen),
		})
	}
	for _, h := range e.HoldChecks {
		out.HoldChecks = append(out.HoldChecks, &pb.HoldCheck{DueDate: h.DueDate, Weeks: int32(h.Weeks)})
	}
	return out
}

// ExperimentFrom returns the plan of a request as a new experiment under its name.
func ExperimentFrom(name, timeZone string, e *pb.Experiment) *domain.Experiment {
	return &domain.Experiment{
		Name: name, TimeZone: timeZone, DisplayName: e.GetDisplayName(), Obstacle: e.GetObstacle(),
		SafeToFail: e.GetSafeToFail(), Prediction: PredictionFrom(e.GetPrediction()),
	}
}

// PredictionFrom returns the prediction of a request; nil is an empty one.
func PredictionFrom(p *pb.Prediction) domain.Prediction {
	out := domain.Prediction{
		Change: p.GetChange(), Metric: p.GetMetric(), ByDate: p.GetByDate(), Reason: p.GetReason(),
		ConfidencePercent: int(p.GetConfidencePercent()),
	}
	if p != nil {
		out.BaselineValue, out.ExpectedValue = p.BaselineValue, p.ExpectedValue
	}
	return out
}

// prediction of an experiment that has none yet is unset.
func prediction(p domain.Prediction) *pb.Prediction {
	if p == (domain.Prediction{}) {
		return nil
	}
	return &pb.Prediction{
		Change: p.Change, Metric: p.Metric, BaselineValue: p.BaselineValue, ExpectedValue: p.ExpectedValue,
		ByDate: p.ByDate, Reason: p.Reason, ConfidencePercent: int32(p.ConfidencePercent),
		Sentence: p.Sentence(),
	}
}

func outcome(o *domain.Outcome) *pb.Outcome {
	if o == nil {
		return nil
	}
	return &pb.Outcome{
		ActualValue: o.Actual, Readings: int32(o.Readings), Signal: o.Signal, Limits: limits(o.Limits),
		SuggestedVerdict: verdict(o.Suggested), Verdict: verdict(o.Verdict), OverruleReason: o.OverruleReason,
		Happened: o.Happened, Learned: o.Learned, Surprise: o.Surprise, ConcludeTime: timestamppb.New(o.ConcludeTime),
	}
}

func verdict(v domain.Verdict) pb.Verdict { return enumOf[pb.Verdict](pb.Verdict_value, "VERDICT_", v) }

// ConclusionFrom returns what the team says at the end.
func ConclusionFrom(r *pb.ConcludeExperimentRequest) domain.Conclusion {
	return domain.Conclusion{
		Verdict:        wordOf[domain.Verdict](r.GetVerdict(), "VERDICT_"),
		OverruleReason: r.GetOverruleReason(), Happened: r.GetHappened(), Learned: r.GetLearned(),
	}
}

// ExperimentEvent returns the data of an event of an experiment.
func ExperimentEvent(row record.Row[domain.Experiment], e domain.Event) proto.Message {
	x := Experiment(row)
	switch e {
	case domain.EventDrafted:
		return &pb.ExperimentDrafted{Experiment: x}
	case domain.EventUpdated:
		return &pb.ExperimentUpdated{Experiment: x}
	case domain.EventLocked:
		return &pb.ExperimentLocked{Experiment: x}
	case domain.EventAmended:
		return &pb.ExperimentAmended{Experiment: x}
	case domain.EventStarted:
		return &pb.ExperimentStarted{Experiment: x}
	case domain.EventConcluded:
		return &pb.ExperimentConcluded{Experiment: x}
	case domain.EventAbandoned:
		return &pb.ExperimentAbandoned{Experiment: x}
	case domain.EventHoldChecksScheduled:
		return &pb.HoldChecksScheduled{Experiment: x}
	}
	panic(fmt.Sprintf("no message for the event %q", e))
}
