package rpc

import (
	"context"

	"google.golang.org/grpc"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// RecordAuditEvents keeps what the services' outboxes hand over. An event that comes again is kept once.
func (s *Server) RecordAuditEvents(ctx context.Context, req *identityv1.RecordAuditEventsRequest) (*identityv1.RecordAuditEventsResponse, error) {
	events := make([]wire.AuditEvent, len(req.GetAuditEvents()))
	for i, e := range req.GetAuditEvents() {
		var err error
		if events[i], err = wire.ToAuditEvent(e); err != nil {
			return nil, err
		}
	}
	err := s.log.Do(ctx, func(tx *eventlog.Tx) error {
		for _, e := range events {
			if err := store.KeepAuditEvent(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &identityv1.RecordAuditEventsResponse{}, nil
}

// ListAuditEvents lists the audit log, newest first.
func (s *Server) ListAuditEvents(ctx context.Context, req *identityv1.ListAuditEventsRequest) (*identityv1.ListAuditEventsResponse, error) {
	events, next, err := store.ListAuditEvents(ctx, s.log, wire.ToAuditFilter(req), page(ctx, req, ""))
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListAuditEventsResponse{NextPageToken: next}
	for _, e := range events {
		event, err := wire.FromAuditEvent(e)
		if err != nil {
			return nil, err
		}
		answer.AuditEvents = append(answer.AuditEvents, event)
	}
	return answer, nil
}

// ExportAuditEvents streams the audit log as it is now, oldest first. That it is exported is recorded first: an export that
// breaks off has shown what it has shown.
func (s *Server) ExportAuditEvents(req *identityv1.ExportAuditEventsRequest, stream grpc.ServerStreamingServer[commonv1.AuditEvent]) error {
	ctx, filter := stream.Context(), wire.ToAuditFilter(req)
	exported := audit.Event{Action: commonv1.AuditAction_AUDIT_ACTION_EXPORTED, Resource: "auditEvents", Details: filter.Details()}
	if now := s.log.Now(); filter.End.IsZero() || filter.End.After(now) {
		filter.End = now // what happens from now on, this export included, is for the next one
	}
	if err := audit.RecordNow(ctx, s.log, exported); err != nil {
		return err
	}
	return store.EachAuditEvent(ctx, s.log, filter, func(e wire.AuditEvent) error {
		event, err := wire.FromAuditEvent(e)
		if err != nil {
			return err
		}
		return stream.Send(event)
	})
}
