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
		Text: req.GetQuery(), Facets: req.GetFacets(), PageSize: req.GetPageSize(), PageToken: req.GetPageToken(), Principal: caller.From(ctx).Subject,
		Filter: store.Filter{
			Team: teamID(req.GetTeam()), Tags: req.GetTags(), Grades: wire.GradeLevelsFrom(req.GetGrades()), Verdicts: req.GetVerdicts(),
			PublishedAfter: wire.Instant(req.GetPublishedAfter()), PublishedBefore: wire.Instant(req.GetPublishedBefore()),
		},
	})
	if err != nil {
		return nil, err
	}
	answer := &knowledgev1.SearchLearningsResponse{NextPageToken: found.Next, Capped: found.Capped}
	for _, f := range found.Findings {
		result := &knowledgev1.SearchResult{Learning: s.learning(f.Learning), Snippet: f.Snippet, Score: f.Parts.Score()}
		if req.GetExplain() {
			result.ScoreParts = wire.ScoreParts(f.Parts)
		}
		answer.Results = append(answer.Results, result)
	}
	for _, c := range found.Corrections {
		answer.Corrections = append(answer.Corrections, &knowledgev1.Correction{Typed: c.Typed, ReadAs: c.ReadAs})
	}
	for _, f := range found.Facets {
		answer.Facets = append(answer.Facets, facet(f))
	}
	return answer, nil
}

func facet(f store.Facet) *knowledgev1.Facet {
	answer := &knowledgev1.Facet{Field: f.Field}
	for _, v := range f.Values {
		answer.Values = append(answer.Values, &knowledgev1.FacetValue{Value: v.Value, Count: int32(v.Count)})
	}
	return answer
}
