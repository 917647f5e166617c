package rpc

import (
	"context"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// JudgeHoldCheck judges a hold check by what was measured since.
func (s *Server) JudgeHoldCheck(ctx context.Context, req *experimentv1.JudgeHoldCheckRequest) (*experimentv1.Experiment, error) {
	ahead := s.evidence(ctx, req.GetName(), func(ctx context.Context, q db.Queryer, e *domain.Experiment, _ time.Time) ([]domain.Reading, error) {
		window, scheduled := e.HoldWindow(int(req.GetWeeks()))
		if !scheduled {
			return nil, nil
		}
		return store.ReadingsIn(ctx, q, e.Prediction.Metric, window)
	})
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		readings, err := ahead.in(tx, e, now)
		if err != nil {
			return nil, err
		}
		return e.JudgeHoldCheck(wire.HoldCheckCallFrom(req), readings, now)
	})
}

// SummarizeHoldChecks tells how adopted gains hold.
func (s *Server) SummarizeHoldChecks(ctx context.Context, req *experimentv1.SummarizeHoldChecksRequest) (*experimentv1.HoldCheckSummary, error) {
	team, err := whose("parent", req.GetParent(), true)
	if err != nil {
		return nil, err
	}
	records, err := store.HoldChecks(ctx, s.log.DB().Read(), team, s.log.Now().UTC().Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	return wire.HoldCheckSummary(domain.SummarizeHolds(records, team == ""), team == ""), nil
}
