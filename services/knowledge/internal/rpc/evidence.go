package rpc

import (
	"context"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// ListEvidence lists what a claim rests on, to everybody who may know of the learning.
func (s *Server) ListEvidence(ctx context.Context, req *knowledgev1.ListEvidenceRequest) (*knowledgev1.ListEvidenceResponse, error) {
	asking := caller.From(ctx)
	learning, err := store.Get(ctx, s.log, req.GetParent())
	if err != nil {
		return nil, err
	}
	if err := may(asking, read, learning.Value); err != nil {
		return nil, err
	}
	rows, next, err := store.Evidence.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	weights, err := store.Weights(ctx, s.log, req.GetParent())
	if err != nil {
		return nil, err
	}
	evidence := record.Map(rows, func(row record.Row[domain.Evidence]) *knowledgev1.Evidence {
		weight := weights[row.Value.Name]
		e := wire.Evidence(row)
		e.Counts, e.WhyNot = weight.Counts, weight.WhyNot
		return s.readable(e, asking, learning.Value)
	})
	return &knowledgev1.ListEvidenceResponse{Evidence: evidence, NextPageToken: next}, nil
}

// readable leaves out of evidence what the caller may not read: which team it comes from and what was written there. Where a claim was
// learned is told by the learning itself, and what happened there in the words that it was published with.
func (s *Server) readable(e *knowledgev1.Evidence, c caller.Caller, l *domain.Learning) *knowledgev1.Evidence {
	if c.CanRead(teamID(e.GetTeam())) {
		return e
	}
	e.Adaptation, e.Happened = "", ""
	if e.GetContext() != nil {
		e.Context.Process = ""
	}
	if e.GetKind() == knowledgev1.EvidenceKind_EVIDENCE_KIND_ORIGIN {
		e.Happened, e.Context = l.Happened, wire.Context(l.Context)
	}
	if e.GetTeam() != l.Team {
		e.Name = domain.HiddenEvidenceName(s.log.InstallationKey(), e.GetName())
		e.Team, e.Experiment = "", ""
	}
	return e
}
