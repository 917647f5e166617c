package rpc

import (
	"context"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreatePainfulActivity puts an activity on the pain ladder.
func (s *Server) CreatePainfulActivity(ctx context.Context, req *cyclev1.CreatePainfulActivityRequest) (*cyclev1.PainfulActivity, error) {
	given := req.GetPainfulActivity()
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.PainfulActivity, error) {
		activity, err := domain.NewPainfulActivity(req.GetParent()+"/painfulActivities/"+names.ID(req.GetPainfulActivityId()), given.GetDisplayName(),
			int(given.GetPain()), wire.Frequency(given.GetFrequency()), wire.Frequency(given.GetTargetFrequency()), tx.Now())
		if err != nil {
			return nil, err
		}
		row, err := store.CreatePainfulActivity(tx, activity)
		if err != nil {
			return nil, err
		}
		return wire.PainfulActivity(row), nil
	})
}

// GetPainfulActivity gets an activity of the pain ladder.
func (s *Server) GetPainfulActivity(ctx context.Context, req *cyclev1.GetPainfulActivityRequest) (*cyclev1.PainfulActivity, error) {
	row, err := store.PainfulActivities.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.PainfulActivity(row), nil
}

// ListPainfulActivities lists the pain ladder, what hurts most first.
func (s *Server) ListPainfulActivities(ctx context.Context, req *cyclev1.ListPainfulActivitiesRequest) (*cyclev1.ListPainfulActivitiesResponse, error) {
	rows, next, err := store.PainfulActivities.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListPainfulActivitiesResponse{PainfulActivities: record.Map(rows, wire.PainfulActivity), NextPageToken: next}, nil
}

// UpdatePainfulActivity changes the name or the target of an activity.
func (s *Server) UpdatePainfulActivity(ctx context.Context, req *cyclev1.UpdatePainfulActivityRequest) (*cyclev1.PainfulActivity, error) {
	given := req.GetPainfulActivity()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "display_name", "target_frequency")
	if err != nil {
		return nil, err
	}
	var displayName *string
	var target *domain.Frequency
	for _, path := range paths {
		switch path {
		case "display_name":
			displayName = new(given.GetDisplayName())
		case "target_frequency":
			target = new(wire.Frequency(given.GetTargetFrequency()))
		}
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.PainfulActivity, error) {
		row, err := store.UpdatePainfulActivity(tx, given.GetName(), req.GetEtag(), func(a *domain.PainfulActivity, _ time.Time) ([]domain.Event, error) {
			return a.Edit(displayName, target)
		})
		if err != nil {
			return nil, err
		}
		return wire.PainfulActivity(row), nil
	})
}

// ScorePainfulActivity records how much an activity hurts now and how often it is done.
func (s *Server) ScorePainfulActivity(ctx context.Context, req *cyclev1.ScorePainfulActivityRequest) (*cyclev1.PainfulActivity, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.PainfulActivity, error) {
		row, err := store.UpdatePainfulActivity(tx, req.GetName(), req.GetEtag(), func(a *domain.PainfulActivity, now time.Time) ([]domain.Event, error) {
			return a.Rescore(int(req.GetPain()), wire.Frequency(req.GetFrequency()), req.GetNote(), now), nil
		})
		if err != nil {
			return nil, err
		}
		return wire.PainfulActivity(row), nil
	})
}

// ListPainScores lists the scores of an activity, the oldest first.
func (s *Server) ListPainScores(ctx context.Context, req *cyclev1.ListPainScoresRequest) (*cyclev1.ListPainScoresResponse, error) {
	rows, next, err := store.PainScores.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListPainScoresResponse{PainScores: record.Map(rows, wire.PainScore), NextPageToken: next}, nil
}
