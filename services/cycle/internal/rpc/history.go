package rpc

import (
	"context"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ListHistory lists every change of what a team plans, the latest first.
func (s *Server) ListHistory(ctx context.Context, req *cyclev1.ListHistoryRequest) (*cyclev1.ListHistoryResponse, error) {
	under, err := domain.HistoryOf(req.GetParent(), req.GetResource())
	if err != nil {
		return nil, err
	}
	entries, next, err := store.ListHistory(ctx, s.log, record.PageOf(ctx, req), under)
	if err != nil {
		return nil, err
	}
	answer := &cyclev1.ListHistoryResponse{NextPageToken: next}
	for _, entry := range entries {
		answer.Entries = append(answer.Entries, wire.HistoryEntry(entry))
	}
	return answer, nil
}
