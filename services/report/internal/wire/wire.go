// Package wire converts between this service's domain and its contract. It holds no rules.
package wire

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	reportv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
	"github.com/fortnighthq/fortnight/services/report/internal/domain"
)

// LearningReport converts a report.
func LearningReport(r domain.Report) *reportv1.LearningReport {
	total := r.Total()
	report := &reportv1.LearningReport{
		From:               r.Period.From.Format(time.DateOnly),
		To:                 r.Period.To.Format(time.DateOnly),
		CyclesFinished:     int32(total.CyclesFinished),
		Predictions:        predictions(total.Predictions),
		LearningsPublished: int32(total.LearningsPublished),
		EscalatedObstacles: r.EscalatedObstacles,
		Missing:            r.Missing(),
	}
	if !r.DataTime.IsZero() {
		report.DataTime = timestamppb.New(r.DataTime)
	}
	for _, surprise := range r.Surprises {
		report.Surprises = append(report.Surprises, &reportv1.Surprise{
			Experiment: surprise.Experiment, DisplayName: surprise.DisplayName,
			Expected: surprise.Expected, Happened: surprise.Happened, Learned: surprise.Learned,
		})
	}
	for _, team := range r.Teams {
		report.Teams = append(report.Teams, &reportv1.TeamLearning{
			Team: team.Team, DisplayName: team.DisplayName, CyclesFinished: int32(team.CyclesFinished),
			Predictions: predictions(team.Predictions), LearningsPublished: int32(team.LearningsPublished),
		})
	}
	return report
}

// Verdict is the verdict's name without its prefix; empty when there is no outcome.
func Verdict(outcome *experimentv1.Outcome) string {
	if outcome == nil {
		return ""
	}
	return strings.TrimPrefix(outcome.GetVerdict().String(), "VERDICT_")
}

func predictions(p domain.Predictions) *reportv1.PredictionCounts {
	return &reportv1.PredictionCounts{
		Locked: int32(p.Locked), AsPredicted: int32(p.AsPredicted), NotAsPredicted: int32(p.NotAsPredicted), CannotTell: int32(p.CannotTell),
	}
}
