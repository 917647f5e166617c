// Package rpc answers the notification contract.
package rpc

import (
	"context"
	"time"

	notificationv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/notification/internal/domain"
	"github.com/fortnighthq/fortnight/services/notification/internal/store"
	"github.com/fortnighthq/fortnight/services/notification/internal/wire"
)

// Server answers NotificationService.
type Server struct {
	log   *eventlog.Log
	clock func() time.Time
}

var _ notificationv1.NotificationServiceServer = (*Server)(nil)

// New answers from log; clock decides what is due by now.
func New(log *eventlog.Log, clock func() time.Time) *Server { return &Server{log: log, clock: clock} }

// ListReminders lists what is due for a team, earliest first.
func (s *Server) ListReminders(ctx context.Context, req *notificationv1.ListRemindersRequest) (*notificationv1.ListRemindersResponse, error) {
	query := record.PageOf(ctx, req)
	if !req.GetShowAnswered() {
		query.States = []string{string(domain.Pending)}
	}
	if req.GetDueOnly() {
		query.UpTo = store.SortKey(s.clock())
	}
	rows, next, err := store.Reminders.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &notificationv1.ListRemindersResponse{Reminders: record.Map(rows, wire.Reminder), NextPageToken: next}, nil
}

// GetReminder gets a reminder.
func (s *Server) GetReminder(ctx context.Context, req *notificationv1.GetReminderRequest) (*notificationv1.Reminder, error) {
	row, err := store.Reminders.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Reminder(row), nil
}

// AcknowledgeReminder answers a reminder.
func (s *Server) AcknowledgeReminder(ctx context.Context, req *notificationv1.AcknowledgeReminderRequest) (*notificationv1.Reminder, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*notificationv1.Reminder, error) {
		row, err := store.Reminders.Update(tx, req.GetName(), req.GetEtag(), func(r *domain.Reminder, _ time.Time) ([]domain.Event, error) {
			return r.Acknowledge()
		})
		if err != nil {
			return nil, err
		}
		return wire.Reminder(row), nil
	})
}
