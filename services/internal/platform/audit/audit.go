// Package audit writes down who did what to which resource, from where: sign-ins, denials, changes of rights, exports. A
// service records an event in its own database, in the transaction of the deed; a Sender hands it to whoever keeps the audit
// log. So a deed and its audit event are both there or both are not, and nobody waits for the keeper.
//
//	err := audit.Record(tx, audit.Event{Action: commonv1.AuditAction_AUDIT_ACTION_TOKEN_REVOKED, Resource: token.Name})
//
// Time, id, actor, address, door, method and request id come from the transaction and its context.
package audit

import (
	"cmp"
	"context"
	"embed"
	"io/fs"
	"maps"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
)

//go:embed migrations
var migrations embed.FS

// Migrations holds the table audit_outbox for both engines. service.Open passes it to db.Open, see db.Merge.
var Migrations = func() fs.FS {
	s, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // only for an invalid name
	}
	return s
}()

// topic is what a commit with an audit event wakes.
const topic = "audit"

// Event is what somebody did, or was refused.
type Event struct {
	// Action is what was done. Required.
	Action commonv1.AuditAction
	// Resource is what it was done to, by resource name; empty when it was nothing in particular.
	Resource string
	// Reason is the stable reason of a refusal.
	Reason string
	// Details is what else there is to know: names of fields, roles, counts. Never a secret, never a text that somebody wrote.
	Details map[string]string
	// Actor is who did it, by resource name; "" means the caller of the context, or the service itself when there is none.
	Actor string
	// Anonymous leaves out actor, address and request id. Methods that hide their caller do so anyway.
	Anonymous bool
}

// Record records an event inside the transaction of the deed.
func Record(tx *eventlog.Tx, e Event) error {
	event, err := complete(tx, e)
	if err != nil {
		return err
	}
	text, err := protojson.Marshal(event)
	if err != nil {
		return fault.New(fault.Internal, "AUDIT_EVENT_INVALID", "An audit event cannot be written as JSON.").Because(err)
	}
	tx.Wake(topic)
	_, err = tx.Exec("insert into audit_outbox (audit_event_id, audit_event) values ($1, $2)", event.GetAuditEventId(), string(text))
	return err
}

// RecordNow records an event in a transaction of its own; when it returns nil, the event is on disk. It is for what changes
// nothing else, such as a refusal.
func RecordNow(ctx context.Context, log *eventlog.Log, e Event) error {
	if err := log.Do(ctx, func(tx *eventlog.Tx) error { return Record(tx, e) }); err != nil {
		return err
	}
	if isRefusal(e.Action) {
		origin.CallOf(ctx).KeepRefusal()
	}
	return nil
}

func isRefusal(action commonv1.AuditAction) bool {
	return action == commonv1.AuditAction_AUDIT_ACTION_ACCESS_DENIED || action == commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_REFUSED
}

// complete adds to an event what the transaction and its context know.
func complete(tx *eventlog.Tx, e Event) (*commonv1.AuditEvent, error) {
	if _, known := commonv1.AuditAction_name[int32(e.Action)]; !known || e.Action == commonv1.AuditAction_AUDIT_ACTION_UNSPECIFIED {
		return nil, fault.New(fault.Internal, "AUDIT_EVENT_INVALID", "An audit event lacks its action.")
	}
	ctx, now := tx.Context(), tx.Now()
	from, call := origin.From(ctx), origin.CallOf(ctx)
	hidden := e.Anonymous || call != nil && call.HideCaller
	if from.Door == origin.MCP && !hidden { // a person has handed the credential to a program that acts by itself
		e.Details = maps.Clone(e.Details)
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details["mcp_client"] = cmp.Or(from.UserAgent, "unknown")
	}
	event := &commonv1.AuditEvent{
		AuditEventId: eventlog.NewID(now), OccurTime: timestamppb.New(now), Action: e.Action,
		Actor: clean(e.Actor, maxActor), Resource: clean(e.Resource, maxResource), Reason: clean(e.Reason, maxReason),
		Door: doors[from.Door], Address: clean(from.Address, maxAddress), RequestId: clean(requestid.From(ctx), maxRequestID),
		Details: cleanDetails(e.Details),
	}
	if call != nil {
		event.Method = clean(call.Method, maxMethod)
	} else if from.Door == "" {
		event.Door = commonv1.AuditDoor_AUDIT_DOOR_PROGRAM
	}
	if event.GetActor() == "" {
		event.Actor = clean(caller.From(ctx).Subject, maxActor)
	}
	if event.GetActor() == "" && call == nil {
		event.Actor = "services/" + tx.Log().Source()
	}
	if hidden {
		event.Actor, event.Address, event.RequestId = "", "", ""
	}
	return event, nil
}

var doors = map[origin.Door]commonv1.AuditDoor{
	origin.REST:        commonv1.AuditDoor_AUDIT_DOOR_REST,
	origin.Pages:       commonv1.AuditDoor_AUDIT_DOOR_PAGES,
	origin.MCP:         commonv1.AuditDoor_AUDIT_DOOR_MCP,
	origin.GRPC:        commonv1.AuditDoor_AUDIT_DOOR_GRPC,
	origin.CommandLine: commonv1.AuditDoor_AUDIT_DOOR_COMMAND_LINE,
	origin.Program:     commonv1.AuditDoor_AUDIT_DOOR_PROGRAM,
}
