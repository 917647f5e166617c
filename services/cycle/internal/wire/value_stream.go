package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ValueStream converts a stored value stream, with what follows from its steps.
func ValueStream(row record.Row[domain.ValueStream]) *cyclev1.ValueStream {
	v := row.Value
	assessed := domain.Assess(v.Steps)
	stream := &cyclev1.ValueStream{
		Name:                v.Name,
		DisplayName:         v.DisplayName,
		Steps:               steps(v.Steps),
		Version:             int32(v.Version),
		Figures:             figures(assessed),
		SuggestedConstraint: suggestion(assessed),
		Etag:                row.Etag,
		CreateTime:          timestamppb.New(row.CreateTime),
		UpdateTime:          timestamppb.New(row.UpdateTime),
	}
	if c := v.Constraint; c != nil {
		stream.ConfirmedConstraint = &cyclev1.ConfirmedConstraint{
			Step: c.Step, Reason: c.Reason, ConfirmedBy: c.By, ConfirmTime: timestamppb.New(c.Time),
			Version: int32(c.Version),
		}
	}
	return stream
}

// ValueStreamVersion converts a kept version, with what follows from its steps.
func ValueStreamVersion(row record.Row[domain.ValueStreamVersion]) *cyclev1.ValueStreamVersion {
	v := row.Value
	assessed := domain.Assess(v.Steps)
	return &cyclev1.ValueStreamVersion{
		Name:                v.Name,
		Version:             int32(v.Number),
		Steps:               steps(v.Steps),
		Figures:             figures(assessed),
		SuggestedConstraint: suggestion(assessed),
		CreateTime:          timestamppb.New(row.CreateTime),
	}
}

// Steps converts the steps that a request draws.
func Steps(given []*cyclev1.ValueStreamStep) []domain.Step {
	converted := make([]domain.Step, 0, len(given))
	for _, s := range given {
		converted = append(converted, domain.Step{
			Name: s.GetName(), ProcessMinutes: s.ProcessMinutes, WaitMinutes: s.WaitMinutes,
			CompleteAccuratePercent: s.CompleteAccuratePercent, RejectsReturnTo: s.GetRejectsReturnTo(), QueueLength: s.QueueLength,
		})
	}
	return converted
}

func steps(drawn []domain.Step) []*cyclev1.ValueStreamStep {
	converted := make([]*cyclev1.ValueStreamStep, 0, len(drawn))
	for i := range drawn {
		converted = append(converted, step(&drawn[i]))
	}
	return converted
}

func step(s *domain.Step) *cyclev1.ValueStreamStep {
	if s == nil {
		return nil
	}
	return &cyclev1.ValueStreamStep{
		Name: s.Name, ProcessMinutes: s.ProcessMinutes, WaitMinutes: s.WaitMinutes,
		CompleteAccuratePercent: s.CompleteAccuratePercent, RejectsReturnTo: s.RejectsReturnTo, QueueLength: s.QueueLength,
	}
}

func figures(f domain.Figures) *cyclev1.ValueStreamFigures {
	converted := &cyclev1.ValueStreamFigures{
		LeadTimeMinutes:                     f.Of(domain.LeadTime),
		ProcessTimeMinutes:                  f.Of(domain.ProcessTime),
		WaitTimeMinutes:                     f.Of(domain.WaitTime),
		FlowEfficiencyPercent:               f.Of(domain.FlowEfficiency),
		RolledCompleteAccuratePercent:       f.Of(domain.RolledCompleteAccurate),
		ExpectedReworkMinutes:               f.Of(domain.ExpectedRework),
		ReworkAdjustedLeadTimeMinutes:       f.Of(domain.AdjustedLeadTime),
		ReworkAdjustedFlowEfficiencyPercent: f.Of(domain.AdjustedFlowEfficiency),
	}
	for _, m := range f.Missing {
		input := &cyclev1.MissingInput{Step: m.Step, Field: m.Field, Description: m.Description}
		for _, f := range m.Figures {
			input.Figures = append(input.Figures, figure(f))
		}
		converted.Incomplete = append(converted.Incomplete, input)
	}
	return converted
}

func figure(f domain.Figure) cyclev1.ValueStreamFigure {
	return cyclev1.ValueStreamFigure(cyclev1.ValueStreamFigure_value["VALUE_STREAM_FIGURE_"+string(f)])
}

func suggestion(f domain.Figures) *cyclev1.ConstraintSuggestion {
	return &cyclev1.ConstraintSuggestion{LongestQueueSteps: f.LongestQueue, LowestCompleteAccurateSteps: f.LowestCompleteAccurate}
}

// Comparison converts two versions and what differs between them.
func Comparison(from, to record.Row[domain.ValueStreamVersion]) *cyclev1.CompareValueStreamVersionsResponse {
	comparison := &cyclev1.CompareValueStreamVersionsResponse{From: ValueStreamVersion(from), To: ValueStreamVersion(to)}
	for _, d := range domain.CompareFigures(domain.Assess(from.Value.Steps), domain.Assess(to.Value.Steps)) {
		comparison.FigureDifferences = append(comparison.FigureDifferences, &cyclev1.FigureDifference{
			Figure: figure(d.Figure), FromValue: d.From, ToValue: d.To, Difference: d.Difference,
		})
	}
	for _, d := range domain.CompareSteps(from.Value.Steps, to.Value.Steps) {
		comparison.StepDifferences = append(comparison.StepDifferences, &cyclev1.StepDifference{
			Step: d.Step, Change: cyclev1.StepChange(cyclev1.StepChange_value["STEP_CHANGE_"+string(d.Change)]),
			FromStep: step(d.From), ToStep: step(d.To), ChangedFields: d.Fields,
		})
	}
	return comparison
}

// ValueStreamEvent is the data of an event about a value stream.
func ValueStreamEvent(row record.Row[domain.ValueStream], event domain.Event) proto.Message {
	stream := ValueStream(row)
	switch event {
	case domain.ValueStreamUpdated:
		return &cyclev1.ValueStreamUpdated{ValueStream: stream}
	case domain.ConstraintConfirmed:
		return &cyclev1.ConstraintConfirmed{ValueStream: stream}
	default:
		return &cyclev1.ValueStreamCreated{ValueStream: stream}
	}
}
