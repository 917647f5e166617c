package rpc

import (
	"cmp"
	"context"
	"strings"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ReceiveDelivery takes what a source sends.
func (s *Server) ReceiveDelivery(ctx context.Context, req *experimentv1.ReceiveDeliveryRequest) (*experimentv1.ReceiveDeliveryResponse, error) {
	headers := wire.DeliveryHeadersFrom(req.GetHeaders())
	source, err := s.vouchedFor(ctx, req.GetName(), headers, req.GetBody())
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.ReceiveDeliveryResponse, error) {
		return receive(tx, source, source.ReadDelivery(headers, req.GetBody(), tx.Now()))
	})
}

// vouchedFor is the source that a delivery is for, when its signature is good or the caller may write for the team. Whatever is wrong,
// the answer is the same, and takes about the same time.
func (s *Server) vouchedFor(ctx context.Context, name string, headers domain.DeliveryHeaders, body []byte) (*domain.DeliverySource, error) {
	source, found, err := store.FindDeliverySource(ctx, s.log, name)
	if err != nil {
		return nil, err
	}
	if !found {
		source = &domain.DeliverySource{Name: name, Format: domain.GitLabFormat}
	}
	vouched := source.Format.Authentic(source.Secrets(s.secretKey, s.log.Now()), headers, body, s.log.Now())
	if !vouched && (source.Format == domain.CDEventsFormat || source.Format == domain.PlainFormat) {
		vouched = caller.From(ctx).CanWrite(source.Team())
	}
	if !found || !vouched {
		return nil, fault.New(fault.Unauthenticated, "DELIVERY_NOT_AUTHENTIC",
			"There is no such delivery source, or nothing vouches for what was sent: neither a signature with its secret nor, for CDEvents and plain JSON, a token of the team.")
	}
	return source, nil
}

// receive keeps what was sent, and brings the metrics up to it.
func receive(tx *eventlog.Tx, source *domain.DeliverySource, events []domain.ReceivedEvent) (*experimentv1.ReceiveDeliveryResponse, error) {
	if err := store.LockDeliveries(tx, source); err != nil {
		return nil, err
	}
	var counted []*domain.ReceivedEvent
	answers := make([]answered, len(events))
	fresh := map[string]*domain.Delivery{} // by id: a batch may hold an event twice
	for i := range events {
		e := &events[i]
		known, found, err := store.KnownDelivery(tx, source.Name, e.ID)
		if err != nil {
			return nil, err
		}
		if found {
			answers[i] = answered{delivery: cmp.Or(fresh[e.ID], &known), known: true}
			continue
		}
		if err := store.NoteDelivery(tx, source.Name, e.Delivery); err != nil {
			return nil, err
		}
		if err := store.AddFacts(tx, source, e.Facts); err != nil {
			return nil, err
		}
		answers[i].delivery, fresh[e.ID] = &e.Delivery, &e.Delivery
		if len(e.Facts) > 0 {
			counted = append(counted, e)
		}
	}
	if len(counted) > 0 {
		if err := count(tx, source, counted); err != nil {
			return nil, err
		}
	}
	// Only now: counting may have had something to say about a delivery.
	return &experimentv1.ReceiveDeliveryResponse{Receipts: convert(answers, answered.receipt)}, nil
}

// answered is what came of one event of a request.
type answered struct {
	delivery *domain.Delivery
	known    bool
}

func (a answered) receipt() *experimentv1.DeliveryReceipt {
	return &experimentv1.DeliveryReceipt{Delivery: wire.Delivery(*a.delivery), Known: a.known}
}

// count computes the metrics. A metric of the same name that people record is left alone, which the deliveries then say.
func count(tx *eventlog.Tx, source *domain.DeliverySource, counted []*domain.ReceivedEvent) error {
	var facts []domain.DeliveryFact
	for _, e := range counted {
		facts = append(facts, e.Facts...)
	}
	first := counted[0].Delivery
	byHand, err := store.Compute(tx, source, facts, "Computed anew: "+first.Type+" "+first.ID+" arrived.")
	if err != nil || len(byHand) == 0 {
		return err
	}
	for _, e := range counted {
		e.Reason = "METRIC_BY_HAND"
		e.Text = "It counts, but people record " + strings.Join(byHand, ", ") + "; that was left alone."
		if err := store.NoteDelivery(tx, source.Name, e.Delivery); err != nil {
			return err
		}
	}
	return nil
}

// ListDeliveries lists what a source has sent and what came of it.
func (s *Server) ListDeliveries(ctx context.Context, req *experimentv1.ListDeliveriesRequest) (*experimentv1.ListDeliveriesResponse, error) {
	if _, err := s.deliverySource(ctx, req.GetParent()); err != nil {
		return nil, err
	}
	list, next, err := store.ListDeliveries(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListDeliveriesResponse{Deliveries: convert(list, wire.Delivery), NextPageToken: next}, nil
}

// ExplainMeasurement lists the events behind a reading of a delivery metric.
func (s *Server) ExplainMeasurement(ctx context.Context, req *experimentv1.ExplainMeasurementRequest) (*experimentv1.MeasurementExplanation, error) {
	row, err := store.Metrics.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	kind, service, ok := domain.DeliveryMetricOf(req.GetName())
	if !ok || !row.Value.FromDeliveries() {
		return nil, fault.New(fault.FailedPrecondition, "METRIC_NOT_COMPUTED", "The readings of this metric are recorded, not computed from events; there is nothing behind them.")
	}
	reading, err := store.Reading(ctx, s.log.DB().Read(), req.GetName(), req.GetTime().AsTime(), req.GetSourceKey())
	if err != nil {
		return nil, err
	}
	history, err := store.DeliveryHistory(ctx, s.log.DB().Read(), domain.TeamOf(req.GetName()), service)
	if err != nil {
		return nil, err
	}
	return wire.Explanation(req.GetName(), reading, history.Explain(kind, req.GetSourceKey())), nil
}
