package rpc

import (
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
	var fresh, counted []*domain.ReceivedEvent
	answers := make([]answered, len(events))
	byID := map[string]*domain.Delivery{} // a batch may hold an event twice
	for i := range events {
		e := &events[i]
		known, err := knownDelivery(tx, source, byID, e.ID)
		if err != nil {
			return nil, err
		}
		if known != nil {
			answers[i] = answered{delivery: known, known: true}
			if e.Reused(*known) { // the one before stays in the list
				refused := e.RefuseReused(*known)
				answers[i] = answered{delivery: &refused.Delivery}
			}
			continue
		}
		if err := store.AddFacts(tx, source, e.Facts); err != nil {
			return nil, err
		}
		answers[i] = answered{delivery: &e.Delivery, field: e.Field}
		fresh = append(fresh, e)
		if e.Outcome != domain.DeliveryRefused {
			byID[e.ID] = &e.Delivery
		}
		if len(e.Facts) > 0 {
			counted = append(counted, e)
		}
	}
	if len(counted) > 0 {
		if err := count(tx, source, counted); err != nil {
			return nil, err
		}
	}
	for _, e := range fresh { // only now: counting may have had something to say about them
		if err := store.NoteDelivery(tx, source.Name, e.Delivery); err != nil {
			return nil, err
		}
	}
	return &experimentv1.ReceiveDeliveryResponse{Receipts: convert(answers, answered.receipt)}, nil
}

// knownDelivery is the delivery that came before under an id, be it in the same request; nil when there is none.
func knownDelivery(tx *eventlog.Tx, source *domain.DeliverySource, fresh map[string]*domain.Delivery, id string) (*domain.Delivery, error) {
	if d := fresh[id]; d != nil {
		return d, nil
	}
	known, found, err := store.KnownDelivery(tx, source.Name, id)
	if err != nil || !found {
		return nil, err
	}
	return &known, nil
}

// answered is what came of one event of a request.
type answered struct {
	delivery *domain.Delivery
	known    bool
	// field is what is wrong in a refused event.
	field string
}

func (a answered) receipt() *experimentv1.DeliveryReceipt {
	return &experimentv1.DeliveryReceipt{Delivery: wire.Delivery(*a.delivery), Known: a.known, Field: a.field}
}

// count computes the metrics, and notes what does not come of the events. A metric of the same name that people record is left alone.
func count(tx *eventlog.Tx, source *domain.DeliverySource, counted []*domain.ReceivedEvent) error {
	var facts []domain.DeliveryFact
	for _, e := range counted {
		facts = append(facts, e.Facts...)
	}
	first := counted[0].Delivery
	computed, err := store.Compute(tx, source, facts, "Computed anew: "+first.Type+" "+first.ID+" arrived.")
	if err != nil || computed.History == nil {
		return err
	}
	for _, e := range counted {
		for _, f := range e.Facts {
			if reason, text := computed.History.Remark(f, source.Format); reason != "" {
				e.Remark(reason, text)
			}
		}
		if len(computed.ByHand) > 0 {
			e.Remark("METRIC_BY_HAND", "It counts, but people record "+strings.Join(computed.ByHand, ", ")+"; that was left alone.")
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
	explanation := history.Explain(kind, req.GetSourceKey())
	if reading.Withdrawn {
		explanation.Rule = "This reading was withdrawn: no event speaks for it any more. " + explanation.Rule
	}
	return wire.Explanation(req.GetName(), reading, explanation), nil
}
