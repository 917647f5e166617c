package rpc

import (
	"context"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/markdown"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// GetLearning gets a learning that the caller may know of, with its texts as HTML.
func (s *Server) GetLearning(ctx context.Context, req *knowledgev1.GetLearningRequest) (*knowledgev1.Learning, error) {
	row, err := store.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := may(caller.From(ctx), read, row.Value); err != nil {
		return nil, err
	}
	learning := s.learning(row)
	learning.Rendered = rendered(row.Value)
	return learning, nil
}

// learning is what is answered of a stored learning.
func (s *Server) learning(row record.Row[domain.Learning]) *knowledgev1.Learning {
	learning := wire.Learning(row)
	learning.ReviewDue = row.Value.ReviewDue(s.log.Now())
	return learning
}

// rendered is the texts of a learning as HTML.
func rendered(l *domain.Learning) *knowledgev1.RenderedLearning {
	return &knowledgev1.RenderedLearning{
		ClaimHtml:      markdown.Inline(l.Claim),
		SituationHtml:  markdown.Render(l.Situation),
		TriedHtml:      markdown.Render(l.Tried),
		HappenedHtml:   markdown.Render(l.Happened),
		MayNotHoldHtml: markdown.Render(l.MayNotHold),
		HowToTryHtml:   markdown.Render(l.HowToTry),
	}
}

// ListLearnings lists the learnings that the caller may know of, latest first.
func (s *Server) ListLearnings(ctx context.Context, req *knowledgev1.ListLearningsRequest) (*knowledgev1.ListLearningsResponse, error) {
	asking := caller.From(ctx)
	query := store.ListQuery{
		Team: teamID(req.GetTeam()), Cycle: req.GetCycle(), States: wire.LearningStates(req.GetStates()), Tag: req.GetTag(),
		LatestChangeFirst: req.GetLatestChangeFirst(), PageSize: req.GetPageSize(), PageToken: req.GetPageToken(),
	}
	if team := req.GetFollowedBy(); team != "" {
		if err := mayReadTeam(asking, team); err != nil {
			return nil, err
		}
		query.FollowedBy = team
	}
	rows, next, err := store.List(ctx, s.log, reader(asking), query)
	if err != nil {
		return nil, err
	}
	return &knowledgev1.ListLearningsResponse{Learnings: record.Map(rows, s.learning), NextPageToken: next}, nil
}
