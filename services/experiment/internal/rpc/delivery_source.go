package rpc

import (
	"context"
	"crypto/rand"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateDeliverySource sets up a source of delivery events and shows its secret.
func (s *Server) CreateDeliverySource(ctx context.Context, req *experimentv1.CreateDeliverySourceRequest) (*experimentv1.DeliverySource, error) {
	source := wire.DeliverySourceFrom(req.GetParent()+"/deliverySources/"+names.ID(req.GetDeliverySourceId()), rand.Text(), req.GetDeliverySource())
	if err := source.Check(); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.DeliverySource, error) {
		row, err := store.DeliverySources.Create(tx, source, domain.DeliverySourceEvent{})
		if err != nil {
			return nil, err
		}
		return s.withSecret(row), nil
	})
}

// withSecret shows a source with its secret, which is done where it is made and nowhere else.
func (s *Server) withSecret(row record.Row[domain.DeliverySource]) *experimentv1.DeliverySource {
	shown := wire.DeliverySource(row)
	shown.Secret = row.Value.Secret(s.secretKey)
	return shown
}

// GetDeliverySource gets a source of delivery events.
func (s *Server) GetDeliverySource(ctx context.Context, req *experimentv1.GetDeliverySourceRequest) (*experimentv1.DeliverySource, error) {
	row, err := s.deliverySource(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.DeliverySource(row), nil
}

func (s *Server) deliverySource(ctx context.Context, name string) (record.Row[domain.DeliverySource], error) {
	row, err := store.DeliverySources.Get(ctx, s.log, name)
	if err == nil {
		err = row.Value.Present()
	}
	return row, err
}

// ListDeliverySources lists a team's sources of delivery events.
func (s *Server) ListDeliverySources(ctx context.Context, req *experimentv1.ListDeliverySourcesRequest) (*experimentv1.ListDeliverySourcesResponse, error) {
	rows, next, err := store.ListDeliverySources(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListDeliverySourcesResponse{DeliverySources: convert(rows, wire.DeliverySource), NextPageToken: next}, nil
}

// DeleteDeliverySource ends a source of delivery events.
func (s *Server) DeleteDeliverySource(ctx context.Context, req *experimentv1.DeleteDeliverySourceRequest) (*emptypb.Empty, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*emptypb.Empty, error) {
		_, err := store.DeliverySources.Update(tx, req.GetName(), req.GetEtag(), func(d *domain.DeliverySource, now time.Time) ([]domain.DeliverySourceEvent, error) {
			return d.Delete(now)
		})
		return &emptypb.Empty{}, err
	})
}

// RotateDeliverySecret makes a new secret and shows it.
func (s *Server) RotateDeliverySecret(ctx context.Context, req *experimentv1.RotateDeliverySecretRequest) (*experimentv1.DeliverySource, error) {
	salt := rand.Text()
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.DeliverySource, error) {
		row, err := store.DeliverySources.Update(tx, req.GetName(), req.GetEtag(), func(d *domain.DeliverySource, now time.Time) ([]domain.DeliverySourceEvent, error) {
			return d.Rotate(salt, now)
		})
		if err != nil {
			return nil, err
		}
		return s.withSecret(row), nil
	})
}
