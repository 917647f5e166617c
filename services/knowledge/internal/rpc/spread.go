package rpc

import (
	"context"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// GetSpread gets how a learning has spread, from when it was published on.
func (s *Server) GetSpread(ctx context.Context, req *knowledgev1.GetSpreadRequest) (*knowledgev1.Spread, error) {
	asking := caller.From(ctx)
	row, err := store.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := may(asking, read, row.Value); err != nil {
		return nil, err
	}
	if err := row.Value.HasSpread(); err != nil {
		return nil, err
	}
	spread, err := store.Spread(ctx, s.log, row.Value.Name)
	if err != nil {
		return nil, err
	}
	return wire.Spread(row.Value, spread, asking.CanRead), nil
}
