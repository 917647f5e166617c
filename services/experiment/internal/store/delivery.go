package store

import (
	"context"
	"strconv"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// The states of a delivery source, for lists.
const (
	deliverySourceActive  = "ACTIVE"
	deliverySourceDeleted = "DELETED"
)

// DeliverySources of the teams, by id. Those that were deleted stay, so that their ids are not given out again.
var DeliverySources = &record.Collection[domain.DeliverySource, domain.DeliverySourceEvent]{
	Table: "delivery_sources", Type: "delivery_source", Noun: "delivery source",
	Key: func(s *domain.DeliverySource) record.Key {
		state := deliverySourceActive
		if s.Deleted() {
			state = deliverySourceDeleted
		}
		return record.Key{
			Name: s.Name, Parent: domain.ParentOf(s.Name), Team: s.Team(), State: state, SortKey: domain.IDOf(s.Name),
		}
	},
	Data: wire.DeliverySourceEvent, Audit: auditDeliverySource,
}

// auditDeliverySource tells the audit log of what makes and ends secrets.
func auditDeliverySource(_, _ *domain.DeliverySource, e domain.DeliverySourceEvent) (audit.Event, bool) {
	action := commonv1.AuditAction_AUDIT_ACTION_DELIVERY_SOURCE_CREATED
	switch {
	case e.Deleted:
		action = commonv1.AuditAction_AUDIT_ACTION_DELIVERY_SOURCE_DELETED
	case e.Rotated:
		action = commonv1.AuditAction_AUDIT_ACTION_DELIVERY_SECRET_ROTATED
	}
	return audit.Event{Action: action}, true
}

// ListDeliverySources returns one page of a team's sources, without those that were deleted.
func ListDeliverySources(ctx context.Context, l *eventlog.Log, q record.Query) ([]record.Row[domain.DeliverySource], string, error) {
	q.States = []string{deliverySourceActive}
	return DeliverySources.List(ctx, l, q)
}

// FindDeliverySource returns a source that takes deliveries; false when there is none.
func FindDeliverySource(ctx context.Context, l *eventlog.Log, name string) (*domain.DeliverySource, bool, error) {
	rows, err := DeliverySources.Select(ctx, l.DB().Read(), l, "select "+record.Columns+" from delivery_sources where name = $1", name)
	if err != nil || len(rows) == 0 || rows[0].Value.Deleted() {
		return nil, false, err
	}
	return rows[0].Value, true, nil
}

type delivery struct {
	ID          string `db:"delivery_id"`
	Number      int64  `db:"number"`
	Type        string `db:"type"`
	ReceiveTime int64  `db:"receive_time"`
	Outcome     string `db:"outcome"`
	Reason      string `db:"reason"`
	Text        string `db:"description"`
	Digest      string `db:"digest"`
}

func (d delivery) domain() domain.Delivery {
	return domain.Delivery{
		ID: d.ID, Type: d.Type, ReceiveTime: db.Time(d.ReceiveTime), Outcome: domain.DeliveryOutcome(d.Outcome), Reason: d.Reason, Text: d.Text,
		Digest: d.Digest,
	}
}

const selectDeliveries = "select delivery_id, number, type, receive_time, outcome, reason, description, digest from deliveries where source = $1"

// KnownDelivery returns what came of a delivery before; false when it is new, or could not be read then.
func KnownDelivery(tx *eventlog.Tx, source, id string) (domain.Delivery, bool, error) {
	found, ok, err := db.One[delivery](noContext, tx, selectDeliveries+" and delivery_id = $2", source, id)
	known := found.domain()
	return known, ok && known.Outcome != domain.DeliveryRefused, err
}

// NoteDelivery keeps what came of a delivery. One that was refused before is overwritten, and is the latest again.
func NoteDelivery(tx *eventlog.Tx, source string, d domain.Delivery) error {
	last, _, err := db.One[int64](noContext, tx, "select coalesce(max(number), 0) from deliveries where source = $1", source)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into deliveries (source, delivery_id, number, type, receive_time, outcome, reason, description, digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (source, delivery_id) do update set number = excluded.number, type = excluded.type, receive_time = excluded.receive_time,
			outcome = excluded.outcome, reason = excluded.reason, description = excluded.description, digest = excluded.digest`,
		source, d.ID, last+1, d.Type, db.Micros(d.ReceiveTime), string(d.Outcome), d.Reason, d.Text, d.Digest)
	return err
}

// ListDeliveries returns one page of what a source has sent, the latest first. Query.Parent is the source.
func ListDeliveries(ctx context.Context, l *eventlog.Log, q record.Query) (page []domain.Delivery, next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope := record.Scope("deliveries", q.Parent, q.Principal)
	text, args := selectDeliveries, []any{q.Parent}
	if q.PageToken != "" {
		parts, err := record.OpenToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		if len(parts) != 1 {
			return nil, "", badToken()
		}
		before, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil {
			return nil, "", badToken()
		}
		text, args = text+" and number < $2", append(args, before)
	}
	args = append(args, size+1) // one more than wanted, to know whether there is a next page
	found, err := db.All[delivery](ctx, l.DB().Read(), text+" order by number desc limit $"+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, "", err
	}
	if len(found) > size {
		found = found[:size]
		next = record.Token(l, scope, strconv.FormatInt(found[size-1].Number, 10))
	}
	for _, d := range found {
		page = append(page, d.domain())
	}
	return page, next, nil
}
