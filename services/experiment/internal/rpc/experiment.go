package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateExperiment drafts an experiment.
func (s *Server) CreateExperiment(ctx context.Context, req *experimentv1.CreateExperimentRequest) (*experimentv1.Experiment, error) {
	name := req.GetParent() + "/experiments/" + names.ID(req.GetExperimentId())
	cycle, asked := s.activeCycle(ctx, req.GetParent())
	var known advice
	if asked == nil {
		known = s.advise(ctx, wire.ExperimentFrom(name, cycle.GetTimeZone(), req.GetExperiment()), "")
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.Experiment, error) {
		if asked != nil {
			return nil, asked // in here, so that a repeated request gets its first answer whatever became of the cycle
		}
		e := wire.ExperimentFrom(name, cycle.GetTimeZone(), req.GetExperiment())
		events, err := e.Draft()
		if err != nil {
			return nil, err
		}
		if known.refused != nil {
			return nil, known.refused
		}
		if err := measured(tx, e); err != nil {
			return nil, err
		}
		row, err := store.Experiments.Create(tx, e, events...)
		if err != nil {
			return nil, err
		}
		return known.answer(wire.Experiment(row)), nil
	})
}

// GetExperiment gets an experiment.
func (s *Server) GetExperiment(ctx context.Context, req *experimentv1.GetExperimentRequest) (*experimentv1.Experiment, error) {
	row, err := store.Experiments.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Experiment(row), nil
}

// ListExperiments lists a cycle's experiments.
func (s *Server) ListExperiments(ctx context.Context, req *experimentv1.ListExperimentsRequest) (*experimentv1.ListExperimentsResponse, error) {
	rows, next, err := store.Experiments.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListExperimentsResponse{Experiments: convert(rows, wire.Experiment), NextPageToken: next}, nil
}

// UpdateExperiment changes a draft.
func (s *Server) UpdateExperiment(ctx context.Context, req *experimentv1.UpdateExperimentRequest) (*experimentv1.Experiment, error) {
	edit, err := planEdit(req)
	if err != nil {
		return nil, err
	}
	etag := req.GetEtag()
	if etag == "" {
		etag = req.GetExperiment().GetEtag()
	}
	known := s.adviseUpdate(ctx, req.GetExperiment().GetName(), edit)
	return s.changeAnd(ctx, req, req.GetExperiment().GetName(), etag, known.answer,
		func(tx *eventlog.Tx, e *domain.Experiment, _ time.Time) ([]domain.Event, error) {
			events, err := e.Update(edit)
			if err != nil {
				return nil, err
			}
			if known.refused != nil {
				return nil, known.refused
			}
			return events, measured(tx, e)
		})
}

// measured looks up what the metric of the prediction is called. One that does not exist is asked for at the lock.
func measured(tx *eventlog.Tx, e *domain.Experiment) error {
	m, err := store.FindMetric(tx, e.Prediction.Metric)
	if err != nil {
		return err
	}
	e.Measured(m)
	return nil
}

// ruleInTx is what one request does to an experiment.
type ruleInTx func(tx *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error)

// change is the one way to change an experiment: one transaction with one rule.
func (s *Server) change(ctx context.Context, req proto.Message, name, etag string, rule ruleInTx) (*experimentv1.Experiment, error) {
	return s.changeAnd(ctx, req, name, etag, func(e *experimentv1.Experiment) *experimentv1.Experiment { return e }, rule)
}

// changeAnd is change with something beside the experiment in its answer.
func (s *Server) changeAnd(
	ctx context.Context, req proto.Message, name, etag string, answer func(*experimentv1.Experiment) *experimentv1.Experiment, rule ruleInTx,
) (*experimentv1.Experiment, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.Experiment, error) {
		row, err := store.Experiments.Update(tx, name, etag, func(e *domain.Experiment, now time.Time) ([]domain.Event, error) {
			return rule(tx, e, now)
		})
		if err != nil {
			return nil, err
		}
		return answer(wire.Experiment(row)), nil
	})
}
