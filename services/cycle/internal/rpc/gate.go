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
	known, err := s.askNext(ctx, found.Value)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Cycle, error) {
		if known != nil { // the end of a cycle changes the team's obstacles and cycles too; the team is locked before the cycle
			if err := tx.Lock(teamOf(req.GetName())); err != nil {
				return nil, err
			}
		}
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
		if row.Value.State == domain.CycleDone {
			if err := finish(tx, row.Value, known); err != nil {
				return nil, err
			}
		}
		return wire.Cycle(row), nil
	})
}

// PreviewGate tells what the next gate would say.
func (s *Server) PreviewGate(ctx context.Context, req *cyclev1.PreviewGateRequest) (*cyclev1.Gate, error) {
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
	var err error
	if evidence.Experiments, err = s.experimentFacts(ctx, c.Name); err != nil {
		return evidence, err
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

// experimentFacts asks experiment for what the gates need to know of a cycle's experiments.
func (s *Server) experimentFacts(ctx context.Context, cycle string) ([]domain.ExperimentFact, error) {
	experiments, err := s.experimentsOf(ctx, cycle)
	if err != nil {
		return nil, err
	}
	facts := make([]domain.ExperimentFact, len(experiments))
	for i, experiment := range experiments {
		facts[i] = wire.ExperimentFact(experiment)
	}
	return facts, nil
}

// experimentsOf asks experiment for all experiments of a cycle.
func (s *Server) experimentsOf(ctx context.Context, cycle string) ([]*experimentv1.Experiment, error) {
	var all []*experimentv1.Experiment
	for page := ""; ; {
		answer, err := s.experiments.ListExperiments(ctx, &experimentv1.ListExperimentsRequest{Parent: cycle, PageSize: askedPageSize, PageToken: page})
		if err != nil {
			return nil, err
		}
		all = append(all, answer.GetExperiments()...)
		if page = answer.GetNextPageToken(); page == "" {
			return all, nil
		}
	}
}
