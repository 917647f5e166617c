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
)

// CreateAndon raises an andon in a running cycle, or in the one that the team runs.
func (s *Server) CreateAndon(ctx context.Context, req *cyclev1.CreateAndonRequest) (*cyclev1.Andon, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Andon, error) {
		parent, err := stoppedBy(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		if err := tx.Lock(parent); err != nil { // as at the gate, which must see every andon
			return nil, err
		}
		cycle, err := store.Cycles.Must(tx, parent)
		if err != nil {
			return nil, err
		}
		name := parent + "/andons/" + names.ID(req.GetAndonId())
		andon, err := domain.NewAndon(name, req.GetAndon().GetProblem(), req.GetAndon().GetWhere(), cycle.Value)
		if err != nil {
			return nil, err
		}
		row, err := store.Andons.Create(tx, andon, domain.AndonRaised)
		if err != nil {
			return nil, err
		}
		return wire.Andon(row), nil
	})
}

// ListAndons lists a cycle's andons.
func (s *Server) ListAndons(ctx context.Context, req *cyclev1.ListAndonsRequest) (*cyclev1.ListAndonsResponse, error) {
	rows, next, err := store.Andons.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListAndonsResponse{Andons: record.Map(rows, wire.Andon), NextPageToken: next}, nil
}

// ResolveAndon writes the countermeasure that was taken.
func (s *Server) ResolveAndon(ctx context.Context, req *cyclev1.ResolveAndonRequest) (*cyclev1.Andon, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Andon, error) {
		row, err := store.Andons.Update(tx, req.GetName(), req.GetEtag(), func(a *domain.Andon, _ time.Time) ([]domain.Event, error) {
			return a.Resolve(req.GetCountermeasure())
		})
		if err != nil {
			return nil, err
		}
		return wire.Andon(row), nil
	})
}

// GetAndon gets an andon.
func (s *Server) GetAndon(ctx context.Context, req *cyclev1.GetAndonRequest) (*cyclev1.Andon, error) {
	row, err := store.Andons.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Andon(row), nil
}

// stoppedBy is the cycle that an andon with this parent stops: the parent itself, or a team's running cycle.
func stoppedBy(tx *eventlog.Tx, parent string) (string, error) {
	if parent != teamOf(parent) {
		return parent, nil
	}
	running, err := store.RunningCycle(tx, parent)
	if err == nil && running == "" {
		err = domain.NothingToStop(parent)
	}
	return running, err
}
