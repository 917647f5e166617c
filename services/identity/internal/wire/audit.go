package wire

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// AuditEvent is an audit event as it is stored: what lists choose by, and the whole.
type AuditEvent struct {
	ID                               string
	OccurTime                        time.Time
	Action, Actor, Resource, Address string
	Doc                              string
}

// AuditFilter says which audit events are wanted; what is empty wants all.
type AuditFilter struct {
	Actor, Resource, Address string
	Actions                  []string
	Start, End               time.Time
}

// auditFilter is what the requests about audit events have in common.
type auditFilter interface {
	GetActor() string
	GetActions() []commonv1.AuditAction
	GetResource() string
	GetAddress() string
	GetStartTime() *timestamppb.Timestamp
	GetEndTime() *timestamppb.Timestamp
}

// ToAuditFilter converts from the contract.
func ToAuditFilter(req auditFilter) AuditFilter {
	f := AuditFilter{
		Actor: req.GetActor(), Resource: strings.TrimSuffix(req.GetResource(), "/"), Address: req.GetAddress(),
		Start: toInstant(req.GetStartTime()), End: toInstant(req.GetEndTime()),
	}
	for _, action := range req.GetActions() {
		f.Actions = append(f.Actions, auditAction(action))
	}
	return f
}

// Details are the filter in words, for the audit log itself: who has seen what.
func (f AuditFilter) Details() map[string]string {
	details := map[string]string{
		"what": "audit events", "actor": f.Actor, "resource": f.Resource, "address": f.Address, "actions": strings.Join(f.Actions, ","),
		"start_time": instantText(f.Start), "end_time": instantText(f.End),
	}
	for name, value := range details {
		if value == "" {
			delete(details, name)
		}
	}
	return details
}

// Scope is what a page token is bound to.
func (f AuditFilter) Scope() []string {
	return append([]string{
		f.Actor, f.Resource, f.Address, instantText(f.Start), instantText(f.End), strconv.Itoa(len(f.Actions)),
	}, f.Actions...)
}

func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ToAuditEvent converts from the contract.
func ToAuditEvent(e *commonv1.AuditEvent) (AuditEvent, error) {
	doc, err := protojson.Marshal(e)
	if err != nil {
		return AuditEvent{}, fault.Invalid("audit_events", "AUDIT_EVENT_INVALID", "An audit event cannot be written as JSON.").Because(err)
	}
	return AuditEvent{
		ID: e.GetAuditEventId(), OccurTime: e.GetOccurTime().AsTime(), Action: auditAction(e.GetAction()),
		Actor: e.GetActor(), Resource: e.GetResource(), Address: e.GetAddress(), Doc: string(doc),
	}, nil
}

// FromAuditEvent converts to the contract. What a newer version wrote may hold fields that this one does not know.
func FromAuditEvent(e AuditEvent) (*commonv1.AuditEvent, error) {
	event := &commonv1.AuditEvent{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal([]byte(e.Doc), event); err != nil {
		return nil, fault.New(fault.Internal, "DOCUMENT_UNREADABLE", "A stored audit event cannot be read.").Because(err)
	}
	return event, nil
}

func auditAction(a commonv1.AuditAction) string {
	return strings.TrimPrefix(a.String(), "AUDIT_ACTION_")
}
