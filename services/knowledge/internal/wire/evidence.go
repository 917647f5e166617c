package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Evidence converts a stored piece of evidence. Whether it counts is the grade's rule, and is not said.
func Evidence(row record.Row[domain.Evidence]) *knowledgev1.Evidence {
	e := row.Value
	return &knowledgev1.Evidence{
		Name:         e.Name,
		Kind:         enum[knowledgev1.EvidenceKind](knowledgev1.EvidenceKind_value, "EVIDENCE_KIND_", e.Kind),
		Team:         e.Team,
		Experiment:   e.Experiment,
		Locked:       e.Locked,
		Verdict:      e.Verdict,
		Result:       Result(e.Result),
		HoldFinding:  enum[knowledgev1.HoldFinding](knowledgev1.HoldFinding_value, "HOLD_FINDING_", e.HoldFinding),
		Context:      Context(e.Context),
		Adaptation:   e.Adaptation,
		Happened:     e.Happened,
		ConcludeTime: timestamp(e.ConcludeTime),
		CreateTime:   timestamppb.New(row.CreateTime),
		UpdateTime:   timestamppb.New(row.UpdateTime),
	}
}

// Result converts a result.
func Result(r domain.Result) knowledgev1.Result {
	return enum[knowledgev1.Result](knowledgev1.Result_value, "RESULT_", r)
}

// EvidenceEvent makes the data of an event.
func EvidenceEvent(row record.Row[domain.Evidence], _ domain.Event) proto.Message {
	return &knowledgev1.EvidenceRecorded{Evidence: Evidence(row)}
}
