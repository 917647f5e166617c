package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// AdvanceCycle moves a cycle through its next gate.
func (s *Server) AdvanceCycle(ctx context.Context, req *cyclev1.AdvanceCycleRequest) (*cyclev1.Cycle, error) {
	believed := wire.Phase(req.GetPhase())
	if believed == "" && req.GetEtag() == "" {
		return nil, fault.New(fault.FailedPrecondition, "PRECONDITION_REQUIRED",
			"say what you believe: send the cycle's phase, or its etag (If-Match), so that two people cannot move it twice")
	}
	found, err := store.Cycles.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	asked, err := s.ask(ctx, found.Value)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Cycle, error) {
		if err := tx.Lock(req.GetName()); err != nil { // no andon is raised between the look and the commit
			return nil, err
		}
		row, err := store.Cycles.Update(tx, req.GetName(), req.GetEtag(), func(c *domain.Cycle, now time.Time) ([]domain.Event, error) {
			evidence, err := store.GateEvidence(ctx, tx, c, asked)
			if err != nil {
				return nil, err
			}
			coach := mayOverrule(caller.From(ctx), c)
			return c.Advance(evidence, believed, req.GetCoachReason(), coach, now)
		})
		if err != nil {
			return nil, err
		}
		return wire.Cycle(row), nil
	})
}

// PreviewGate tells what the next gate would say.
func (s *Server) PreviewGate(ctx context.Context, req *cyclev1.PreviewGateRequest) (*cyclev1.PreviewGateResponse, error) {
	found, err := store.Cycles.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	asked, err := s.ask(ctx, found.Value)
	if err != nil {
		return nil, err
	}
	evidence, err := store.GateEvidence(ctx, s.log.DB().Read(), found.Value, asked)
	if err != nil {
		return nil, err
	}
	return wire.Gate(found.Value, found.Value.Unmet(evidence)), nil
}

// ask collects what the gate of the cycle's phase needs from the other services. It runs before the transaction; that an
// experiment may change between the question and the commit is accepted, as two people could also act in that order.
func (s *Server) ask(ctx context.Context, c *domain.Cycle) (domain.Evidence, error) {
	evidence := domain.Evidence{Phase: c.Phase}
	experiments, err := s.experiments.ListExperiments(ctx, &experimentv1.ListExperimentsRequest{Parent: c.Name, PageSize: 1000})
	if err != nil {
		return evidence, err
	}
	for _, experiment := range experiments.GetExperiments() {
		evidence.Experiments = append(evidence.Experiments, wire.ExperimentFact(experiment))
	}
	if c.Phase != domain.Act {
		return evidence, nil
	}
	retrospective, err := s.retrospectives.GetRetrospective(ctx, &retrospectivev1.GetRetrospectiveRequest{Name: c.Name + "/retrospective"})
	if err != nil && status.Code(err) != codes.NotFound {
		return evidence, err
	}
	evidence.Retrospective = wire.RetrospectiveFact(retrospective)
	learnings, err := s.knowledge.ListLearnings(ctx, &knowledgev1.ListLearningsRequest{Cycle: c.Name, PageSize: 1000})
	if err != nil {
		return evidence, err
	}
	evidence.PublishedLearnings = wire.PublishedLearnings(learnings.GetLearnings())
	return evidence, nil
}
