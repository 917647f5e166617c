package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateBaseline freezes a baseline.
func (s *Server) CreateBaseline(ctx context.Context, req *experimentv1.CreateBaselineRequest) (*experimentv1.Baseline, error) {
	p, err := proposal(ctx, req)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.Baseline, error) {
		row, err := store.Freeze(tx, req.GetParent(), p.Window.Window(), p.Window.Wanted(), p.Freeze)
		if err != nil {
			return nil, err
		}
		return wire.Baseline(row), nil
	})
}

func proposal(ctx context.Context, req *experimentv1.CreateBaselineRequest) (p domain.BaselineProposal, err error) {
	b := req.GetBaseline()
	p = domain.BaselineProposal{
		Name:   req.GetParent() + "/baselines/" + names.ID(req.GetBaselineId()),
		Window: domain.BaselineWindow{Points: int(b.GetWindow().GetFirstPoints())},
		Reason: b.GetDecision().GetReason(), Decider: caller.From(ctx).Subject,
	}
	if p.From, err = instant("baseline.start_time", b.GetStartTime()); err != nil {
		return p, err
	}
	if p.Window.First, err = instant("baseline.window.first_time", b.GetWindow().GetFirstTime()); err != nil {
		return p, err
	}
	p.Window.Last, err = instant("baseline.window.last_time", b.GetWindow().GetLastTime())
	return p, err
}

// instant is a time of a request as times are kept, in whole microseconds; zero when it is not set.
func instant(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if !t.IsValid() {
		return time.Time{}, fault.Invalid(field, "TIME_INVALID", "The time is outside the years 1 to 9999.")
	}
	return t.AsTime().Truncate(time.Microsecond), nil
}

// GetBaseline gets a baseline.
func (s *Server) GetBaseline(ctx context.Context, req *experimentv1.GetBaselineRequest) (*experimentv1.Baseline, error) {
	row, err := store.Baselines.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Baseline(row), nil
}

// ListBaselines lists a metric's baselines in the order in which they come into force.
func (s *Server) ListBaselines(ctx context.Context, req *experimentv1.ListBaselinesRequest) (*experimentv1.ListBaselinesResponse, error) {
	if _, err := store.Metrics.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	rows, next, err := store.Baselines.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListBaselinesResponse{Baselines: convert(rows, wire.Baseline), NextPageToken: next}, nil
}
