package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CapacityEntry converts a stored day of the capacity ledger.
func CapacityEntry(row record.Row[domain.CapacityEntry]) *cyclev1.CapacityEntry {
	e := row.Value
	return &cyclev1.CapacityEntry{
		Name:             e.Name,
		AvailableHours:   new(e.AvailableHours),
		ImprovementHours: new(e.ImprovementHours),
		Note:             e.Note,
		PlannedPercent:   int32(e.PlannedPercent),
		Etag:             row.Etag,
		CreateTime:       timestamppb.New(row.CreateTime),
		UpdateTime:       timestamppb.New(row.UpdateTime),
	}
}

// CapacitySummary converts the sums of a period.
func CapacitySummary(s domain.CapacitySummary) *cyclev1.CapacitySummary {
	summary := &cyclev1.CapacitySummary{
		StartDate: string(s.Period.Start), EndDate: string(s.Period.End), EnteredDays: int32(s.Entered),
		AvailableHours: s.Available, PlannedHours: s.Planned, ImprovementHours: s.Improvement,
	}
	if share, ok := s.Share(s.Planned); ok {
		summary.PlannedPercent = &share
	}
	if share, ok := s.Share(s.Improvement); ok {
		summary.ImprovementPercent = &share
	}
	for _, day := range s.Missing {
		summary.MissingDates = append(summary.MissingDates, string(day))
	}
	return summary
}

// CapacityEntryEvent is the data of an event about a day of the capacity ledger.
func CapacityEntryEvent(row record.Row[domain.CapacityEntry], event domain.Event) proto.Message {
	if event == domain.CapacityEntryUpdated {
		return &cyclev1.CapacityEntryUpdated{CapacityEntry: CapacityEntry(row)}
	}
	return &cyclev1.CapacityEntryCreated{CapacityEntry: CapacityEntry(row)}
}
