package rpc

import (
	"context"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// SearchLearnings searches the published learnings of every team.
func (s *Server) SearchLearnings(ctx context.Context, req *knowledgev1.SearchLearningsRequest) (*knowledgev1.SearchLearningsResponse, error) {
	found, err := store.Search(ctx, s.log, store.SearchQuery{
		Text: req.GetQuery(), Team: teamID(req.GetTeam()), PageSize: req.GetPageSize(), PageToken: req.GetPageToken(),
		Principal: caller.From(ctx).Subject,
	})
	if err != nil {
		return nil, err
	}
	answer := &knowledgev1.SearchLearningsResponse{
		Results: make([]*knowledgev1.SearchResult, 0, len(found.Findings)), NextPageToken: found.Next, Capped: found.Capped,
	}
	for _, f := range found.Findings {
		answer.Results = append(answer.Results, &knowledgev1.SearchResult{Learning: wire.Learning(f.Learning), Snippet: f.Snippet, Score: f.Score})
	}
	return answer, nil
}
