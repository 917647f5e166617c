package rpc

import (
	"context"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateCapacityEntry enters a day in the capacity ledger, with the share that the team plans at this time.
func (s *Server) CreateCapacityEntry(ctx context.Context, req *cyclev1.CreateCapacityEntryRequest) (*cyclev1.CapacityEntry, error) {
	team, err := s.team(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.CapacityEntry, error) {
		day := req.GetCapacityEntryId()
		if day == "" {
			day = string(domain.Today(tx.Now(), team.zone))
		}
		return enter(tx, team, req.GetParent()+"/capacityEntries/"+day, req.GetCapacityEntry())
	})
}

// GetCapacityEntry gets a day of the capacity ledger.
func (s *Server) GetCapacityEntry(ctx context.Context, req *cyclev1.GetCapacityEntryRequest) (*cyclev1.CapacityEntry, error) {
	row, err := store.CapacityEntries.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.CapacityEntry(row), nil
}

// ListCapacityEntries lists a team's capacity ledger by day.
func (s *Server) ListCapacityEntries(ctx context.Context, req *cyclev1.ListCapacityEntriesRequest) (*cyclev1.ListCapacityEntriesResponse, error) {
	query := record.PageOf(ctx, req)
	query.From, query.UpTo = req.GetStartDate(), req.GetEndDate()
	for field, day := range map[string]string{"start_date": query.From, "end_date": query.UpTo} {
		if day == "" {
			continue
		}
		if _, err := domain.ParseDay(field, day); err != nil {
			return nil, err
		}
	}
	rows, next, err := store.CapacityEntries.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListCapacityEntriesResponse{CapacityEntries: record.Map(rows, wire.CapacityEntry), NextPageToken: next}, nil
}

// UpdateCapacityEntry changes a day of the capacity ledger, or enters it when the request allows that.
func (s *Server) UpdateCapacityEntry(ctx context.Context, req *cyclev1.UpdateCapacityEntryRequest) (*cyclev1.CapacityEntry, error) {
	given := req.GetCapacityEntry()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "available_hours", "improvement_hours", "note")
	if err != nil {
		return nil, err
	}
	var available, improvement *float64
	var note *string
	for _, path := range paths {
		switch path {
		case "available_hours":
			available = new(given.GetAvailableHours())
		case "improvement_hours":
			improvement = new(given.GetImprovementHours())
		case "note":
			note = new(given.GetNote())
		}
	}
	name := teamOf(given.GetName())
	team, err := s.team(ctx, name)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.CapacityEntry, error) {
		if req.GetAllowMissing() && req.GetEtag() == "" {
			if err := tx.Lock(name); err != nil { // nobody enters the day between the look and the commit
				return nil, err
			}
			if _, found, err := store.CapacityEntries.Find(tx, given.GetName()); !found || err != nil {
				if err != nil {
					return nil, err
				}
				return enter(tx, team, given.GetName(), given)
			}
		}
		row, err := store.CapacityEntries.Update(tx, given.GetName(), req.GetEtag(), func(e *domain.CapacityEntry, _ time.Time) ([]domain.Event, error) {
			return e.Edit(available, improvement, note)
		})
		if err != nil {
			return nil, err
		}
		return wire.CapacityEntry(row), nil
	})
}

// SummarizeCapacity sums the capacity ledger of a period.
func (s *Server) SummarizeCapacity(ctx context.Context, req *cyclev1.SummarizeCapacityRequest) (*cyclev1.CapacitySummary, error) {
	team, err := s.team(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	period, err := domain.NewPeriod(req.GetStartDate(), req.GetEndDate(), domain.Today(s.clock(), team.zone))
	if err != nil {
		return nil, err
	}
	entries, err := store.CapacityOf(ctx, s.log.DB().Read(), req.GetParent(), period)
	if err != nil {
		return nil, err
	}
	return wire.CapacitySummary(domain.SummarizeCapacity(period, period.WorkingDays(team.workingDays, team.holidays), entries)), nil
}

// enter saves a new day of the ledger.
func enter(tx *eventlog.Tx, team team, name string, given *cyclev1.CapacityEntry) (*cyclev1.CapacityEntry, error) {
	entry, err := domain.NewCapacityEntry(name, given.AvailableHours, given.ImprovementHours, given.GetNote(), team.capacityPercent, domain.Today(tx.Now(), team.zone))
	if err != nil {
		return nil, err
	}
	row, err := store.CapacityEntries.Create(tx, entry, domain.CapacityEntryCreated)
	if err != nil {
		return nil, err
	}
	return wire.CapacityEntry(row), nil
}
