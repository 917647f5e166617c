package rpc

import (
	"context"
	"time"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// CreateAction agrees on an action.
func (s *Server) CreateAction(ctx context.Context, req *retrospectivev1.CreateActionRequest) (*retrospectivev1.Action, error) {
	given := req.GetAction()
	// The year 0 has days for time.Parse, but no instants for those who remind of them.
	if day, err := time.Parse(time.DateOnly, given.GetDueDate()); err != nil || day.Year() < 1970 {
		return nil, fault.Invalid("action.due_date", "DAY_INVALID", "%q is not a day of the calendar; send YYYY-MM-DD", given.GetDueDate())
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Action, error) {
		if err := tx.Lock(req.GetParent()); err != nil {
			return nil, err
		}
		retrospective, err := store.Retrospectives.Must(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		agreed, err := store.CountActions(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		action, err := domain.NewAction(domain.Action{
			Name:           req.GetParent() + "/actions/" + names.ID(req.GetActionId()),
			Text:           given.GetText(),
			Owner:          given.GetOwner(),
			DueDate:        given.GetDueDate(),
			ExpectedEffect: given.GetExpectedEffect(),
		}, retrospective.Value, agreed)
		if err != nil {
			return nil, err
		}
		row, err := store.Actions.Create(tx, action, domain.ActionAgreed)
		if err != nil {
			return nil, err
		}
		return wire.Action(row), nil
	})
}

// ListActions lists the actions of a retrospective.
func (s *Server) ListActions(ctx context.Context, req *retrospectivev1.ListActionsRequest) (*retrospectivev1.ListActionsResponse, error) {
	rows, next, err := store.Actions.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &retrospectivev1.ListActionsResponse{Actions: record.Map(rows, wire.Action), NextPageToken: next}, nil
}

// CompleteAction ends an action and says whether it worked.
func (s *Server) CompleteAction(ctx context.Context, req *retrospectivev1.CompleteActionRequest) (*retrospectivev1.Action, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Action, error) {
		row, err := store.Actions.Update(tx, req.GetName(), req.GetEtag(), func(a *domain.Action, _ time.Time) ([]domain.Event, error) {
			return a.Complete(req.GetResult())
		})
		if err != nil {
			return nil, err
		}
		return wire.Action(row), nil
	})
}
