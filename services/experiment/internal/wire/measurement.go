package wire

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// Measurement returns a measurement as clients see it.
func Measurement(m domain.Corrected) *pb.Measurement {
	shown := &pb.Measurement{
		Time: timestamppb.New(m.Time), Value: new(m.Value), SourceKey: m.SourceKey, RecordTime: timestamp(m.RecordTime),
	}
	for _, c := range m.Corrections {
		shown.Corrections = append(shown.Corrections, &pb.MeasurementCorrection{
			ValueBefore: c.ValueBefore, Reason: c.Reason, CorrectTime: timestamppb.New(c.CorrectTime),
		})
	}
	return shown
}

// CorrectedFrom reads what Measurement has shown.
func CorrectedFrom(shown *pb.Measurement) *domain.Corrected {
	m := &domain.Corrected{
		Measurement: domain.Measurement{Time: shown.GetTime().AsTime(), Value: shown.GetValue(), SourceKey: shown.GetSourceKey()},
		RecordTime:  shown.GetRecordTime().AsTime(),
	}
	for _, c := range shown.GetCorrections() {
		m.Corrections = append(m.Corrections, domain.Correction{ValueBefore: c.GetValueBefore(), Reason: c.GetReason(), CorrectTime: c.GetCorrectTime().AsTime()})
	}
	return m
}

// MeasurementsFrom returns the measurements of a request. A time that is missing or that no calendar has is the zero time,
// which the domain refuses.
func MeasurementsFrom(list []*pb.Measurement) []domain.Measurement {
	out := make([]domain.Measurement, len(list))
	for i, m := range list {
		out[i] = domain.Measurement{Value: m.GetValue(), SourceKey: m.GetSourceKey()}
		if m.GetTime().IsValid() {
			out[i].Time = m.GetTime().AsTime()
		}
	}
	return out
}

// ImportReport tells what came of an import of so many lines.
func ImportReport(added, lines int, report *domain.Report) *pb.ImportMeasurementsResponse {
	answer := &pb.ImportMeasurementsResponse{
		Imported: int32(added), Refused: int32(report.Refused), Repeated: int32(lines - added - report.Refused),
	}
	for _, p := range report.Problems {
		answer.Problems = append(answer.Problems, &pb.ImportProblem{
			Line: p.Line, Column: int32(p.Column), Reason: p.Reason, Description: p.Description,
		})
	}
	return answer
}
