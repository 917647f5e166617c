package rpc

import (
	"context"

	"google.golang.org/protobuf/proto"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// GetOffer gets an offer.
func (s *Server) GetOffer(ctx context.Context, req *knowledgev1.GetOfferRequest) (*knowledgev1.Offer, error) {
	row, err := store.Offers.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Offer(row), nil
}

// ListOffers lists the offers that were made to a team, latest first.
func (s *Server) ListOffers(ctx context.Context, req *knowledgev1.ListOffersRequest) (*knowledgev1.ListOffersResponse, error) {
	query := record.PageOf(ctx, req)
	query.States = wire.OfferStates(req.GetStates())
	rows, next, err := store.Offers.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &knowledgev1.ListOffersResponse{Offers: record.Map(rows, wire.Offer), NextPageToken: next}, nil
}

// CreateOffer takes up a learning for a team. Whether the caller may know of the learning is asked first.
func (s *Server) CreateOffer(ctx context.Context, req *knowledgev1.CreateOfferRequest) (*knowledgev1.Offer, error) {
	learning, err := store.Get(ctx, s.log, req.GetLearning())
	if err != nil {
		return nil, err
	}
	if err := may(caller.From(ctx), read, learning.Value); err != nil {
		return nil, err
	}
	return writeOffer(ctx, s, req, func(tx *eventlog.Tx) (record.Row[domain.Offer], error) {
		return store.TakeOffer(tx, req.GetParent(), req.GetLearning())
	})
}

// AnswerOffer takes in what the team answers.
func (s *Server) AnswerOffer(ctx context.Context, req *knowledgev1.AnswerOfferRequest) (*knowledgev1.Offer, error) {
	return writeOffer(ctx, s, req, func(tx *eventlog.Tx) (record.Row[domain.Offer], error) {
		return store.AnswerOffer(tx, req.GetName(), req.GetEtag(), wire.Reply(req))
	})
}

// writeOffer makes one write that changes an offer.
func writeOffer(
	ctx context.Context, s *Server, req proto.Message, change func(tx *eventlog.Tx) (record.Row[domain.Offer], error),
) (*knowledgev1.Offer, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*knowledgev1.Offer, error) {
		row, err := change(tx)
		if err != nil {
			return nil, err
		}
		return wire.Offer(row), nil
	})
}
