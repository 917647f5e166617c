package wire

import (
	"cmp"
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
		Name: e.Name, DisplayName: e.DisplayName, Obstacle: e.Obstacle, SafeToFail: e.SafeToFail, Learning: e.Learning,
		Prediction: prediction(e.Prediction, e.GameDay),
		State:      enumOf[pb.ExperimentState](pb.ExperimentState_value, "EXPERIMENT_STATE_", e.State),
		LockTime:   timestamp(e.LockTime), PlanHash: e.PlanHash, StartTime: timestamp(e.StartTime),
		Outcome: outcome(e.Outcome), AbandonReason: e.AbandonReason, CoachReason: e.CoachReason,
		Etag: row.Etag, CreateTime: timestamppb.New(row.CreateTime), UpdateTime: timestamppb.New(row.UpdateTime),
	}
	for _, a := range e.Amendments {
		out.Amendments = append(out.Amendments, amendment(a))
	}
	if p, amended := e.AmendedPrediction(); amended {
		out.AmendedPrediction = prediction(p, e.GameDay)
	}
	for _, h := range e.HoldChecks {
		out.HoldChecks = append(out.HoldChecks, HoldCheck(&h))
	}
	out.GameDay = gameDay(e.GameDay)
	return out
}

// ExperimentFrom returns the plan of a request as a new experiment under its name.
func ExperimentFrom(name, timeZone string, e *pb.Experiment) *domain.Experiment {
	return &domain.Experiment{
		Name: name, TimeZone: timeZone, DisplayName: e.GetDisplayName(), Obstacle: e.GetObstacle(),
		SafeToFail: e.GetSafeToFail(), Prediction: PredictionFrom(e.GetPrediction()), GameDay: GameDayFrom(e.GetGameDay()),
		Learning: e.GetLearning(),
	}
}

// PredictionFrom returns the prediction of a request; nil is an empty one.
func PredictionFrom(p *pb.Prediction) domain.Prediction {
	out := domain.Prediction{
		Change: p.GetChange(), Metric: p.GetMetric(), ByDate: p.GetByDate(), Reason: p.GetReason(),
		Falsification: p.GetFalsification(), ConfidencePercent: int(p.GetConfidencePercent()),
	}
	if p != nil {
		out.BaselineValue, out.ExpectedValue, out.ExpectedUpperValue = p.BaselineValue, p.ExpectedValue, p.ExpectedUpperValue
	}
	return out
}

// prediction of an experiment that has none yet is unset. That of a game day without a metric is told by what makes it one.
func prediction(p domain.Prediction, g *domain.GameDay) *pb.Prediction {
	if p == (domain.Prediction{}) {
		return nil
	}
	return &pb.Prediction{
		Change: p.Change, Metric: p.Metric, BaselineValue: p.BaselineValue, ExpectedValue: p.ExpectedValue,
		ExpectedUpperValue: p.ExpectedUpperValue, ByDate: p.ByDate, Reason: p.Reason, Falsification: p.Falsification,
		ConfidencePercent: int32(p.ConfidencePercent), Sentence: cmp.Or(p.Sentence(), g.Sentence(p)),
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
	case domain.EventHoldCheckJudged:
		return &pb.HoldCheckJudged{Experiment: x, HoldCheck: HoldCheck(row.Value.LastJudged())}
	case domain.EventJournalImported:
		return &pb.JournalImported{Experiment: x}
	}
	panic(fmt.Sprintf("no message for the event %q", e))
}
